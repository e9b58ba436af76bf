"""A copy of the schema, to be changed and generated from.
SPDX-License-Identifier: MIT
"""
import glob
import os
import shutil
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FIELD = """  // Where the product is shown.
  optional string product_url = 99 [(reuse.field) = {column: "room.product_url"}];
"""


class Tree:
    """A copy of the schema, to be changed."""

    def __init__(self, folder):
        self.root, self.out = str(folder / "tree"), folder / "out"
        for name in ("schema", "migrations"):
            shutil.copytree(f"{ROOT}/{name}", f"{self.root}/{name}")

    def change(self, name, old, new):
        """The one place of old in a file becomes new."""
        with open(f"{self.root}/{name}", encoding="utf-8") as f:
            text = f.read()
        assert text.count(old) == 1, f"{name} has {old!r} {text.count(old)} times"
        with open(f"{self.root}/{name}", "w", encoding="utf-8") as f:
            f.write(text.replace(old, new))

    def add_column(self):
        last = max(os.path.basename(p) for p in glob.glob(f"{self.root}/migrations/*.sql"))
        with open(f"{self.root}/migrations/{int(last[:4]) + 1:04}_product_url.sql", "w",
                  encoding="utf-8") as f:
            f.write("ALTER TABLE room ADD COLUMN product_url VARCHAR(500) NULL;\n")

    def add_field(self, name, message):
        """At the end of a message and of its example; the line where it stands."""
        with open(f"{self.root}/{name}", encoding="utf-8") as f:
            head, start, rest = f.read().partition(f"\nmessage {message} {{\n")
        body, end, _ = rest.partition("\n}\n")
        assert start and body.count('}"') == 1, message
        changed = body.replace('}"', ',\\"productUrl\\":null}"') + "\n" + FIELD.rstrip("\n")
        self.change(name, start + body + end, start + changed + end)
        return (head + start + changed).count("\n") + 1

    def generate(self):
        """Compared with the last release; what is said."""
        last = subprocess.run([f"{ROOT}/tools/released"], capture_output=True, text=True,
                              check=True).stdout.strip()
        self.out.mkdir()
        done = subprocess.run(
            [f"{ROOT}/codegen/generate.sh", os.environ["REUSE_GEN"], self.root, str(self.out),
             "--compat", f"schema/released/{last}"],
            capture_output=True, text=True, timeout=100, check=False)
        assert done.returncode == (1 if done.stderr else 0), done.stderr
        return done.stderr

    def made(self, name):
        return (self.out / name).read_text(encoding="utf-8")
