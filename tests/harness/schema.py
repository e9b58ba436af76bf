"""The messages of schema/proto as python-protobuf knows them: made from protoc's image, so that a new
message is here by itself.
SPDX-License-Identifier: MIT
"""
import functools
import glob
import os
import subprocess
import tempfile

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from harness.backing import ROOT

PROTO = os.path.join(ROOT, "schema", "proto")


@functools.lru_cache(None)
def image():
    """A FileDescriptorSet of all files and what they import, as bytes."""
    names = [os.path.basename(p) for p in glob.glob(os.path.join(PROTO, "*.proto"))]
    with tempfile.NamedTemporaryFile() as file:
        subprocess.run(["protoc", "-I", PROTO, "--include_imports", "-o", file.name, *sorted(names)],
                       check=True)
        return file.read()


@functools.lru_cache(None)
def pool():
    made = descriptor_pool.DescriptorPool()
    for file in descriptor_pb2.FileDescriptorSet.FromString(image()).file:
        made.Add(file)
    return made


def files():
    """Descriptors of our files."""
    names = descriptor_pb2.FileDescriptorSet.FromString(image()).file
    return [pool().FindFileByName(f.name) for f in names if not f.name.startswith("google/")]


@functools.lru_cache(None)
def factory():
    made = message_factory.MessageFactory(pool())
    made.GetMessages([f.name for f in files()])  # makes the options' extensions known
    return made


def option(descriptor, kind, extension):
    """Our option of a field or a message; kind: the message that google has for its options."""
    options = factory().GetPrototype(pool().FindMessageTypeByName(kind)).FromString(
        descriptor.GetOptions().SerializeToString())
    return options.Extensions[pool().FindExtensionByName(extension)]


def message(name, /, **values):
    """A message by its full name: message("reuse.chat.ChatDto", sender="kim")."""
    return factory().GetPrototype(pool().FindMessageTypeByName(name))(**values)
