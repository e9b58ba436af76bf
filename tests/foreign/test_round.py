"""What python-protobuf, protobufjs and Jackson make of every message that we write, and we of theirs. The
messages come from the schema and their values are made up: a new message is tried without a line here.
SPDX-License-Identifier: MIT
"""
import base64
import json
import os
import subprocess

import jsonschema
import pytest

from harness import java, profile, schema
from harness.backing import ROOT
from harness.wait import patience

SEED = os.environ.get("REUSE_TEST_SEED", "1")
RANDOM_VALUES = 20


@pytest.fixture(scope="module")
def values():
    """Of each message: with nothing but what must be, with everything, and made up."""
    return [profile.make(name, how, f"{SEED} {n}") for name in profile.names()
            for how, count in (("least", 1), ("full", 3), ("random", RANDOM_VALUES))
            for n in range(count)]


def piped(command, lines):
    done = subprocess.run(command, input="".join(line + "\n" for line in lines), text=True,
                          capture_output=True, timeout=patience(60), check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def ours(values, form, texts, to):
    """The values' texts in one form as our codecs write them in another."""
    lines = [f"{v.DESCRIPTOR.name} {form} {to} {base64.b64encode(t).decode()}"
             for v, t in zip(values, texts)]
    answers = piped([os.environ["CONVERT"]], lines)
    refused = [(line, answer) for line, answer in zip(lines, answers) if answer.startswith("error")]
    assert not refused and len(answers) == len(lines), refused[:3]
    return [base64.b64decode(a) for a in answers]


def bytes_of(values):
    return [v.SerializeToString(deterministic=True) for v in values]


def assert_equal(values, got, what):
    """Each of got, bytes, is the value at its place."""
    for value, theirs in zip(values, got):
        assert type(value).FromString(theirs) == value, (what, value.DESCRIPTOR.full_name, value)


def json_of(values):
    return [t.decode() for t in ours(values, "pb", bytes_of(values), "json")]


def test_python_protobuf_reads_our_bytes_and_we_read_its(values):
    theirs = bytes_of(values)
    assert_equal(values, ours(values, "pb", theirs, "pb"), "read back")
    assert ours(values, "pb", theirs, "pb") == theirs  # even the same bytes


def test_our_json_is_that_of_a_second_writer_and_the_other_way_round(values):
    assert json_of(values) == [profile.to_json(v) for v in values]
    written = [profile.to_json(v).encode() for v in values]
    assert_equal(values, ours(values, "json", written, "pb"), "from JSON")


def test_our_json_is_valid_by_the_published_schema(values):
    validators = {}
    for value, text in zip(values, json_of(values)):
        name = value.DESCRIPTOR.name
        if name not in validators:
            path = os.path.join(ROOT, "generated", "contract", f"{name}.schema.json")
            with open(path, encoding="utf-8") as file:
                validators[name] = jsonschema.Draft202012Validator(json.load(file))
        validators[name].validate(json.loads(text))


def test_protobufjs_reads_our_bytes_and_we_read_its(values, tmp_path):
    image = tmp_path / "image"
    image.write_bytes(schema.image())
    lines = [f"{v.DESCRIPTOR.full_name} {base64.b64encode(b).decode()}"
             for v, b in zip(values, ours(values, "pb", bytes_of(values), "pb"))]

    answers = piped(["node", os.path.join(ROOT, "tests", "foreign", "protobufjs.mjs"), str(image)],
                    lines)

    theirs = [base64.b64decode(a) for a in answers]
    assert len(theirs) == len(values)
    assert_equal(values, theirs, "protobufjs")
    assert ours(values, "pb", theirs, "json") == [t.encode() for t in json_of(values)]


def test_jackson_reads_our_json_and_we_read_its(values):
    lines = [f"{v.DESCRIPTOR.name}\t{text}" for v, text in zip(values, json_of(values))]

    theirs = java.run("JacksonRound", lines=lines)

    assert len(theirs) == len(values)
    assert_equal(values, ours(values, "json", [t.encode() for t in theirs], "pb"), "Jackson")


def test_what_the_json_vectors_say_of_jackson_is_what_it_does(tmp_path):
    folder = os.path.join(ROOT, "schema", "vectors", "json")
    for name in ("chat.txt", "sample.txt"):
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            (tmp_path / name).write_text(file.read(), encoding="utf-8")

    java.run(os.path.join(folder, "JacksonVectors.java"), *(str(p) for p in tmp_path.iterdir()))

    for path in tmp_path.iterdir():
        with open(os.path.join(folder, path.name), encoding="utf-8") as file:
            assert path.read_text(encoding="utf-8") == file.read()
