#!/usr/bin/env python3
"""Scores our candidates with OpenSanctions' matchers, and prints the same figures for them and for us.

    countersign screen bench --data ../shared/data/screen --peers target/peers.jsonl
    python3 -m venv target/peers && target/peers/bin/pip install nomenklatura
    target/peers/bin/python bench/peers/screen.py target/peers.jsonl --algorithms logic-v1 logic-v2 --clean 5000

Every figure comes from one file and one run: candidates are those of our index (at most five, and the right one), so the others pay nothing
for finding them and miss none that we found. Scores of every matcher are taken as they are; only their order and the budget count.
"""

import argparse
import json
import sys
import time

BUDGETS = (10, 50, 100, 500)


def scorers(names):
    """For each algorithm a function of two entities as dictionaries."""
    from followthemoney import model
    from nomenklatura.matching import get_algorithm
    from nomenklatura.matching.types import ScoringConfig

    def scorer(name):
        algorithm = get_algorithm(name)
        if algorithm is None:
            sys.exit(f"nomenklatura has no algorithm `{name}`")
        config = ScoringConfig.defaults()
        return lambda query, entity: algorithm.compare(query, entity, config).score

    return model.get_proxy, {name: scorer(name) for name in names}


def best_threshold(scored):
    """The threshold with the best F1, and that F1."""
    return max(((f1(scored, step / 100), step / 100) for step in range(1, 100)))


def f1(scored, threshold):
    right = sum(score >= threshold for score, same in scored if same)
    wrong = sum(score >= threshold for score, same in scored if not same)
    missed = sum(score < threshold for score, same in scored if same)
    return 2 * right / max(1, 2 * right + wrong + missed)


def recall(found, clean_scores, clean, budget):
    """Share of the found that score above the first alert about clean people that would be one too many."""
    falling = sorted(clean_scores, reverse=True)
    allowed = clean * budget // 100_000
    bound = falling[allowed] if allowed < len(falling) else float("-inf")
    return sum(score is not None and score > bound for score in found) / max(1, len(found))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file")
    parser.add_argument("--algorithms", nargs="*", default=["logic-v1", "logic-v2"])
    parser.add_argument("--clean", type=int, default=5_000, help="how many clean people are scored, for us as well")
    options = parser.parse_args()
    proxy, algorithms = scorers(options.algorithms) if options.algorithms else (None, {})
    matchers = ["countersign", *algorithms]
    pairs = {name: {"pairs, for tuning": [], "pairs, held out": []} for name in matchers}
    found = {name: {} for name in matchers}
    clean_scores, clean, spent, compared = {name: [] for name in matchers}, 0, dict.fromkeys(matchers, 0.0), 0
    with open(options.file, encoding="utf-8") as lines:
        for line in map(json.loads, lines):
            kind = line["set"]
            if kind == "clean":
                clean += 1
                if clean > options.clean:
                    clean = options.clean
                    continue
            scores = {"countersign": [candidate["ours"] for candidate in line["candidates"]]}
            if algorithms:
                query = proxy(line["query"])
                entities = [proxy(candidate["entity"]) for candidate in line["candidates"]]
                compared += len(entities)
            for name, score in algorithms.items():
                begin = time.process_time()
                scores[name] = [score(query, entity) for entity in entities]
                spent[name] += time.process_time() - begin
            for name in matchers:
                if kind.startswith("pairs"):
                    pairs[name][kind].append((scores[name][0], line["candidates"][0]["right"]))
                elif kind == "clean":
                    clean_scores[name] += scores[name]
                else:
                    right = [score for score, candidate in zip(scores[name], line["candidates"]) if candidate["right"]]
                    found[name].setdefault(kind, []).append(right[0] if right else None)
    if pairs["countersign"]["pairs, held out"]:
        print("| matcher | threshold from the half for tuning | F1 there | F1 held out |\n|---|---|---|---|")
        for name in matchers:
            tuned, threshold = best_threshold(pairs[name]["pairs, for tuning"])
            print(f"| {name} | {threshold:.2f} | {tuned:.3f} | {f1(pairs[name]['pairs, held out'], threshold):.3f} |")
    print(f"\nrecall of listed people at so many alerts per 100,000 of {clean} clean people\n")
    print("| asked | matcher |" + "".join(f" {budget} |" for budget in BUDGETS) + "\n|---|---|" + "---|" * len(BUDGETS))
    for kind in found["countersign"]:
        for name in matchers:
            shares = (recall(found[name][kind], clean_scores[name], clean, budget) for budget in BUDGETS)
            print(f"| {kind} | {name} |" + "".join(f" {share * 100:.1f} % |" for share in shares))
    for name in algorithms:
        print(f"{name}: {compared} comparisons, {spent[name] / max(1, compared) * 1e3:.2f} ms of processor time each")


main()
