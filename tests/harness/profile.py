"""The JSON of our messages, written a second time: from descriptors and options alone, for the tests that
compare. And made-up valid values of every message.
SPDX-License-Identifier: MIT
"""
import base64
import datetime
import functools
import json
import random
import re
import uuid

from google.protobuf.descriptor import FieldDescriptor as Field

from harness import schema

DEFAULT, LOCAL_DATETIME, UUID, MAP, SPRING_INSTANT = range(5)  # enum JsonForm
NS = 1_000_000_000
CIVIL_MIN = int(datetime.datetime(1678, 1, 1, tzinfo=datetime.timezone.utc).timestamp()) * NS
CIVIL_MAX = int(datetime.datetime(2262, 1, 1, tzinfo=datetime.timezone.utc).timestamp()) * NS - 1
RANGES = {Field.TYPE_INT64: (-2**63, 2**63 - 1), Field.TYPE_INT32: (-2**31, 2**31 - 1),
          Field.TYPE_UINT32: (0, 2**32 - 1)}
LETTERS = "az09 \"\\/<&'%,:\x01\b\t\n\f\r\x1f\x7f\u00e9\u2028\ufeff\ufffd한😀\U0010ffff"
TEXT_CHARS, ITEMS = 12, 3  # of made-up values, if the field takes as many


@functools.lru_cache(None)
def names():
    """Full names of all messages that are data, in order."""
    found = []
    for file in schema.files():
        for message in file.message_types_by_name.values():
            rule = message_rule(message)
            if file.package.startswith("reuse.") and file.package != "reuse.settings" \
                    and not rule.headers:
                found.append(message.full_name)
    return sorted(found)


@functools.lru_cache(None)
def message_rule(message):
    return schema.option(message, "google.protobuf.MessageOptions", "reuse.message")


@functools.lru_cache(None)
def field_rule(field):
    return schema.option(field, "google.protobuf.FieldOptions", "reuse.field")


# --- JSON ---------------------------------------------------------------------------------------


def to_json(message):
    """The text that the server writes for it."""
    text = json.dumps(value_of(message), ensure_ascii=False, separators=(",", ":"))
    return re.sub(r"\\u00([0-9a-f]{2})", lambda m: "\\u00" + m[1].upper(), text)


def value_of(message):
    fields = message.DESCRIPTOR.fields
    if message_rule(message.DESCRIPTOR).unwrap:
        return member(message, fields[0])
    members = {f.json_name: member(message, f) for f in fields}
    return {f.json_name: members[f.json_name] for f in fields
            if members[f.json_name] is not None or not field_rule(f).omit_null}


def member(message, field):
    value, rule = getattr(message, field.name), field_rule(field)
    if field.label == Field.LABEL_REPEATED:
        if rule.nullable and not value:
            return None  # protobuf cannot tell
        if rule.json == MAP:
            return {getattr(e, e.DESCRIPTOR.fields[0].name): member(e, e.DESCRIPTOR.fields[1])
                    for e in value}
        return [scalar(field, v) for v in value]
    if field.has_presence and not message.HasField(field.name):
        return None
    return scalar(field, value)


def scalar(field, value):
    if field.type == Field.TYPE_MESSAGE:
        return value_of(value)
    if field.type == Field.TYPE_BYTES:
        return base64.b64encode(value).decode()
    if field_rule(field).json == LOCAL_DATETIME:
        return civil(value)
    if field_rule(field).json == SPRING_INSTANT:
        return f"{civil(value // NS * NS)}.{value // 1_000_000 % 1000:03}+00:00"
    return value


def civil(nanoseconds):
    """ISO_LOCAL_DATE_TIME with as many digits as are needed."""
    seconds, fraction = divmod(nanoseconds, NS)
    at = datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=seconds)
    return at.isoformat() + f".{fraction:09}".rstrip("0").rstrip(".")


# --- made-up values -----------------------------------------------------------------------------


def make(name, how, seed):
    """A valid value of a message; how: "least", "full" or "random". The same for the same seed."""
    message = schema.message(name)
    fill(message, how, random.Random(f"{name} {how} {seed}"))
    return message


def is_needed(field, rule):
    """What it is without a value is not allowed."""
    return rule.required or rule.one_of or (
        not field.has_presence and (rule.min > 0 or rule.min_chars > 0))


def fill(message, how, rng):
    for field in message.DESCRIPTOR.fields:
        rule = field_rule(field)
        if field.label == Field.LABEL_REPEATED:
            fill_list(message, field, how, rng)
        elif is_needed(field, rule) or how == "full" or (how == "random" and rng.random() < .6):
            put(message, field, how, rng)


def put(message, field, how, rng):
    if field.type == Field.TYPE_MESSAGE:
        sub = getattr(message, field.name)
        sub.SetInParent()
        fill(sub, how, rng)
    else:
        setattr(message, field.name, made_up(field, rng))


def fill_list(message, field, how, rng):
    most = min(field_rule(field).max_items or ITEMS, ITEMS)
    count = {"least": 0, "full": most, "random": rng.randint(0, most)}[how]
    target = getattr(message, field.name)
    keys = set()
    for _ in range(count):
        if field.type != Field.TYPE_MESSAGE:
            target.append(made_up(field, rng))
            continue
        item = target.add()
        fill(item, how, rng)
        if field_rule(field).json == MAP:  # a key is there once
            key = item.DESCRIPTOR.fields[0].name
            if getattr(item, key) in keys:
                del target[-1]
            else:
                keys.add(getattr(item, key))


def made_up(field, rng):
    rule = field_rule(field)
    if field.type == Field.TYPE_BOOL:
        return rng.random() < .5
    if field.type == Field.TYPE_BYTES:
        return rng.randbytes(rng.randint(0, TEXT_CHARS))
    if field.type != Field.TYPE_STRING:
        return number(field, rule, rng)
    if rule.one_of:
        return rng.choice(list(rule.one_of))
    if rule.json == UUID:
        return str(uuid.UUID(int=rng.getrandbits(128)))
    most = max(rule.min_chars, min(rule.max_chars or TEXT_CHARS, TEXT_CHARS))
    return "".join(rng.choice(LETTERS) for _ in range(rng.randint(rule.min_chars, most)))


def number(field, rule, rng):
    if rule.json == LOCAL_DATETIME:
        return rng.choice([CIVIL_MIN, CIVIL_MAX, 0, -1, rng.randint(CIVIL_MIN, CIVIL_MAX)])
    if rule.json == SPRING_INSTANT:
        return rng.randint(CIVIL_MIN // 1_000_000 + 1, CIVIL_MAX // 1_000_000) * 1_000_000
    least, most = (rule.min, rule.max) if rule.min or rule.max else RANGES[field.type]
    return rng.choice([least, most, min(max(0, least), most), rng.randint(least, most)])
