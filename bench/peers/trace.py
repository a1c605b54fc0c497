#!/usr/bin/env python3
"""Haircut forwards with networkx, on the chain that `bench/benches/trace.rs` wrote; prints processor seconds and what rests unspent.

    python3 -m venv target/peers && target/peers/bin/pip install networkx
    COUNTERSIGN_BENCH_PYTHON=target/peers/bin/python cargo bench -p countersign-bench --bench trace

Every line is one transaction: what it spends (`transaction:output`, separated by commas; nothing for a coinbase) and two amounts. Followed is
what the first blocks mined. Only walking the graph is timed, not reading and building it.
"""

import sys
import time

import networkx


def main():
    file, blocks = sys.argv[1], int(sys.argv[2])
    graph = networkx.DiGraph()
    mined = 0
    with open(file) as lines:
        for number, line in enumerate(lines):
            spends, first, second = line.rstrip("\n").split(" ")
            values = (int(first), int(second))
            mined += not spends
            graph.add_node(number, values=values, total=0, seed=not spends and mined <= blocks)
            for spend in filter(None, spends.split(",")):
                maker, vout = map(int, spend.split(":"))
                value = graph.nodes[maker]["values"][vout]
                graph.nodes[number]["total"] += value
                if graph.has_edge(maker, number):
                    graph.edges[maker, number]["value"] += value
                else:
                    graph.add_edge(maker, number, value=value)
    begin = time.process_time()
    share, unspent = {}, 0.0
    for number in networkx.topological_sort(graph):
        node = graph.nodes[number]
        if node["seed"]:
            share[number] = 1.0
        else:
            followed = sum(share[maker] * value for maker, _, value in graph.in_edges(number, data="value"))
            share[number] = followed / node["total"] if node["total"] else 0.0
        spent = sum(value for _, _, value in graph.out_edges(number, data="value"))
        unspent += share[number] * (sum(node["values"]) - spent)
    print(time.process_time() - begin, unspent)


main()
