"""What gate_order() of tools/check-kernel judges: OBJDUMP HEADER OBJECT...

HEADER's lines " *   order: NAME..." name the C files of the glue, mptcp_NAME.c,
lowest first.  Exit status 1 where a file calls one that comes after it, or is
not in the list, or where the list names a file that is not there.
"""

import os
import re
import subprocess
import sys

objdump, header, objects = sys.argv[1], sys.argv[2], sys.argv[3:]
order = [name for line in open(header) for name in
         (re.match(r" \*   order: (.*)", line) or [0, ""])[1].split()]


def run(*args):
    return subprocess.run([objdump, *args], check=True, capture_output=True, text=True).stdout


def name_of(path):
    return re.sub(r"-\d+(-debug)?\.o$|\.o$", "", os.path.basename(path)).removeprefix("mptcp_")


wrong, home, calls = [], {}, 0
for path in objects:
    for symbol in re.findall(r"^[0-9a-f]+ g +F \.text\S*\s+[0-9a-f]+ (?:\.hidden )?(\w+)$", run("-t", path), re.M):
        home[symbol] = name_of(path)
for path in objects:
    caller = name_of(path)
    if caller not in order:
        wrong.append(f"mptcp_{caller}.c is not in the list of {os.path.basename(header)}")
        continue
    # The compiler gives a call this relocation, and a pointer to a function another.
    for symbol in sorted(set(re.findall(r"R_X86_64_PLT32\s+(\w+)", run("-r", path)))):
        callee = home.get(symbol)
        if callee is None or callee == caller:
            continue
        calls += 1
        if callee in order and order.index(callee) > order.index(caller):
            wrong.append(f"mptcp_{caller}.c calls {symbol}() of mptcp_{callee}.c, which comes after it")
for name in sorted(set(order) - {name_of(path) for path in objects}):
    wrong.append(f"{os.path.basename(header)} lists mptcp_{name}.c, which is not there")
if not calls:
    wrong.append("no call from one file to another was found")
print("\n".join(wrong) or f"{len(objects)} files, {calls} functions called from another")
sys.exit(bool(wrong))
