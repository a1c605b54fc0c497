"""As much of the language Cedar (https://docs.cedarpolicy.com, grammar and validation in strict mode) as policy bundles use.

No templates, namespaces, extensions, arithmetic, `if`, `like` and `is`: a bundle that uses them is refused here, not misread. Of the validator's
warnings (policies that can never apply) none is computed.
"""

import re

from .refusal import Refused, need

TOKEN = re.compile(
    r'\s+|//[^\n]*|(?P<number>\d+)|(?P<name>[A-Za-z_]\w*)|(?P<string>"(?:[^"\\]|\\.)*")'
    r"|(?P<mark>==|!=|<=|>=|&&|\|\||::|[][(){},;:.@?=<>!])", re.ASCII)
BOOL, LONG, STRING = ("Bool",), ("Long",), ("String",)


class Parser:
    """Recursive descent; a text that does not fit is refused with the reason given."""

    def __init__(self, text, reason):
        self.reason, self.tokens, self.at, position = reason, [], 0, 0
        while position < len(text):
            match = TOKEN.match(text, position)
            need(match, reason, f"syntax error at character {position}")
            if match.lastgroup:
                self.tokens.append((match.lastgroup, match[0]))
            position = match.end()
        self.tokens.append(("end", ""))

    def peek(self):
        return self.tokens[self.at][1]

    def next_is(self, text):
        if self.tokens[self.at] in (("mark", text), ("name", text)):
            self.at += 1
            return True
        return False

    def expect(self, text):
        need(self.next_is(text), self.reason, f"`{self.peek()}` where `{text}` belongs")

    def take(self, kind):
        found, text = self.tokens[self.at]
        need(found == kind, self.reason, f"`{text}` where a {kind} belongs")
        self.at += 1
        return text

    def string(self):
        text = self.take("string")[1:-1]
        need("\\" not in text, self.reason, "escapes are not read here")
        return text

    def separated(self, end, item):
        """Items with commas between, a last comma allowed, up to the closing mark."""
        items = []
        while not self.next_is(end):
            items.append(item())
            if not self.next_is(","):
                self.expect(end)
                break
        return items

    def ended(self):
        return self.tokens[self.at][0] == "end"


# ------------------------------------------------------------------------------------------------ schemas


def read_schema(text):
    """Entity types (enumerations as sets of words), actions with principal, resource and context."""
    parser = Parser(text, "schema")
    schema = {"enums": {}, "entities": {}, "parents": {}, "types": {}, "actions": {}}
    while not parser.ended():
        if parser.next_is("entity"):
            _entity(parser, schema)
        elif parser.next_is("type"):
            name = parser.take("name")
            parser.expect("=")
            schema["types"][name] = _type(parser)
            parser.expect(";")
        elif parser.next_is("action"):
            _action(parser, schema)
        else:
            raise Refused("schema", f"`{parser.peek()}` is no declaration")
    for name in schema["entities"]:
        schema["entities"][name] = resolve(schema, schema["entities"][name])
        need(all(parent in schema["entities"] or parent in schema["enums"] for parent in schema["parents"][name]), "schema", f"parents of {name}")
    for action in schema["actions"].values():
        action["context"] = resolve(schema, action["context"])
        need({action["principal"], action["resource"]} <= set(schema["entities"]), "schema", "principal or resource")
    return schema


def _entity(parser, schema):
    name = parser.take("name")
    need(name not in schema["enums"] and name not in schema["entities"], "schema", f"{name} twice")
    if parser.next_is("enum"):
        parser.expect("[")
        schema["enums"][name] = parser.separated("]", parser.string)
    else:
        schema["parents"][name] = []
        if parser.next_is("in"):
            parser.expect("[")
            schema["parents"][name] = parser.separated("]", lambda: parser.take("name"))
        schema["entities"][name] = _type(parser) if parser.peek() == "{" else ("Record", {})
    parser.expect(";")


def _action(parser, schema):
    name, action = parser.take("name"), {}
    parser.expect("appliesTo")
    parser.expect("{")

    def member():
        key = parser.take("name")
        parser.expect(":")
        if key == "context":
            action[key] = _type(parser)
        else:
            parser.expect("[")
            names = parser.separated("]", lambda: parser.take("name"))
            need(key in ("principal", "resource") and len(names) == 1, "schema", "not one principal and one resource")
            action[key] = names[0]

    parser.separated("}", member)
    parser.expect(";")
    need(set(action) == {"principal", "resource", "context"} and name not in schema["actions"], "schema", f"action {name}")
    schema["actions"][name] = action


def _type(parser):
    """A type by name (resolved later), a set, or a record of (type, required)."""
    if parser.next_is("{"):
        members = {}

        def member():
            name = parser.take("name")
            required = not parser.next_is("?")
            parser.expect(":")
            need(name not in members, "schema", f"{name} twice")
            members[name] = (_type(parser), required)

        parser.separated("}", member)
        return "Record", members
    if parser.next_is("Set"):
        parser.expect("<")
        inner = _type(parser)
        parser.expect(">")
        return "Set", inner
    return "Name", parser.take("name")


def resolve(schema, found):
    if found[0] == "Record":
        return "Record", {name: (resolve(schema, inner), required) for name, (inner, required) in found[1].items()}
    if found[0] == "Set":
        return "Set", resolve(schema, found[1])
    name = found[1]
    if name in ("Bool", "Long", "String"):
        return (name,)
    if name in schema["types"]:
        return resolve(schema, schema["types"][name])
    need(name in schema["enums"] or name in schema["entities"], "schema", f"type {name} unknown")
    return "Entity", name


# ------------------------------------------------------------------------------------------------ policies


def read_policies(text):
    """Policies as effect, annotations, action (None for any) and condition, a list that must all hold."""
    parser, policies = Parser(text, "policies"), []
    while not parser.ended():
        annotations = {}
        while parser.next_is("@"):
            name = parser.take("name")
            parser.expect("(")
            need(name not in annotations, "policies", f"@{name} twice")
            annotations[name] = parser.string()
            parser.expect(")")
        effect = parser.take("name")
        need(effect in ("permit", "forbid"), "policies", f"effect {effect}")
        policies.append({"effect": effect, "annotations": annotations, "action": _scope(parser), "when": _conditions(parser)})
    return policies


def _scope(parser):
    parser.expect("(")
    parser.expect("principal")
    parser.expect(",")
    parser.expect("action")
    action = None
    if parser.next_is("=="):
        parser.expect("Action")
        parser.expect("::")
        action = parser.string()
    parser.expect(",")
    parser.expect("resource")
    parser.expect(")")
    return action


def _conditions(parser):
    conditions = []
    while not parser.next_is(";"):
        parser.expect("when")
        parser.expect("{")
        conditions.append(_or(parser))
        parser.expect("}")
    return conditions


def _or(parser):
    left = _and(parser)
    while parser.next_is("||"):
        left = ("or", left, _and(parser))
    return left


def _and(parser):
    left = _relation(parser)
    while parser.next_is("&&"):
        left = ("and", left, _relation(parser))
    return left


def _relation(parser):
    left = _unary(parser)
    if parser.next_is("has"):
        return "has", left, parser.take("name")
    for mark in ("==", "!=", "<=", ">=", "<", ">", "in"):
        if parser.next_is(mark):
            return mark, left, _unary(parser)
    return left


def _unary(parser):
    if parser.next_is("!"):
        return "not", _unary(parser)
    value = _primary(parser)
    while parser.next_is("."):
        name = parser.take("name")
        if parser.next_is("("):
            value = ("call", name, value, parser.separated(")", lambda: _or(parser)))
        else:
            value = ("get", value, name)
    return value


def _primary(parser):
    kind, text = parser.tokens[parser.at]
    if parser.next_is("("):
        value = _or(parser)
        parser.expect(")")
        return value
    if parser.next_is("["):
        return "set", parser.separated("]", lambda: _or(parser))
    if kind == "number":
        return "long", int(parser.take("number"))
    if kind == "string":
        return "text", parser.string()
    name = parser.take("name")
    if name in ("true", "false"):
        return "bool", name == "true"
    if parser.next_is("::"):
        return "entity", name, parser.string()
    need(name in ("principal", "action", "resource", "context"), "policies", f"`{name}` is no variable")
    return "variable", name


# ------------------------------------------------------------------------------------------------ validation


def validate(policies, schema):
    """Strict mode: every condition is a Bool for every action that the policy names."""
    for policy in policies:
        actions = schema["actions"] if policy["action"] is None else [policy["action"]]
        for name in actions:
            need(name in schema["actions"], "policies", f"action {name} unknown")
            action = schema["actions"][name]
            scope = {
                "schema": schema, "principal": ("Entity", action["principal"]), "resource": ("Entity", action["resource"]), "action": ("Action",),
                "context": action["context"],
            }
            known = frozenset()
            for condition in policy["when"]:
                found, known = type_of(condition, scope, known)
                need(found == BOOL, "policies", "a condition is not a Bool")


def type_of(expression, scope, known):
    """The type, and which optional attributes are there when the expression is true."""
    kind = expression[0]
    if kind in ("bool", "long", "text"):
        return {"bool": BOOL, "long": LONG, "text": STRING}[kind], known
    if kind == "variable":
        return scope[expression[1]], known
    if kind == "entity":
        words = scope["schema"]["enums"].get(expression[1])
        need(words and expression[2] in words, "policies", f'{expression[1]}::"{expression[2]}" is not in the schema')
        return ("Entity", expression[1]), known
    if kind == "and":
        _, left = _bool(expression[1], scope, known)
        return _bool(expression[2], scope, left)
    if kind == "or":
        _, left = _bool(expression[1], scope, known)
        _, right = _bool(expression[2], scope, known)
        return BOOL, left & right
    if kind == "not":
        _bool(expression[1], scope, known)
        return BOOL, known
    if kind == "has":
        members = _members(type_of(expression[1], scope, known)[0], scope)
        need(expression[2] in members, "policies", f"attribute {expression[2]} unknown")
        return BOOL, known | {(expression[1], expression[2])}
    if kind == "get":
        members = _members(type_of(expression[1], scope, known)[0], scope)
        need(expression[2] in members, "policies", f"attribute {expression[2]} unknown")
        found, required = members[expression[2]]
        need(required or (expression[1], expression[2]) in known, "policies", f"attribute {expression[2]} is read without `has`")
        return found, known
    if kind == "set":
        types = [type_of(item, scope, known)[0] for item in expression[1]]
        need(types and all(found == types[0] for found in types), "policies", "an empty set, or one of several types")
        return ("Set", types[0]), known
    if kind == "call":
        return _call(expression, scope, known), known
    left, right = (type_of(side, scope, known)[0] for side in expression[1:])
    if kind in ("==", "!="):
        need(left == right, "policies", "values of two types are compared")
    elif kind == "in":
        need(left[0] == right[0] == "Entity", "policies", "`in` is asked of something else than entities")
        need(right[1] in [left[1], *scope["schema"]["parents"].get(left[1], [])], "policies", "`in` can never hold")
    else:
        need(left == right == LONG, "policies", f"`{kind}` compares numbers")
    return BOOL, known


def _bool(expression, scope, known):
    found, known = type_of(expression, scope, known)
    need(found == BOOL, "policies", "not a Bool")
    return found, known


def _members(found, scope):
    if found[0] == "Entity":
        found = scope["schema"]["entities"].get(found[1], ("Record", {}))
    need(found[0] == "Record", "policies", "a value without attributes")
    return found[1]


def _call(expression, scope, known):
    _, name, receiver, arguments = expression
    found = type_of(receiver, scope, known)[0]
    types = [type_of(argument, scope, known)[0] for argument in arguments]
    wanted = {"contains": lambda: [found[1]], "containsAll": lambda: [found], "containsAny": lambda: [found], "isEmpty": list}
    need(found[0] == "Set" and name in wanted, "policies", f"method {name}")
    need(types == wanted[name](), "policies", f"arguments of {name}")
    return BOOL
