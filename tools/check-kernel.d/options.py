"""What gate_options() of tools/check-kernel judges: PREPROCESSED TABLE.

PREPROCESSED has "@row LEVEL FIRST LAST SCOPE" for each row of the glue's table,
and "@option LEVEL "NAME" VALUE" for each option of the headers.  Exit status 1
where an option has no row, or more than one.
"""

import re
import sys

text, table = open(sys.argv[1]).read(), sys.argv[2]
rows = [tuple(int(word, 0) for word in row) + (scope,)
        for *row, scope in re.findall(r"@row (\S+) (\S+) (\S+) (\w+)", text)]
options = re.findall(r'@option (\S+) "(\w+)" ([^@\n]*)', text)
wrong = []
for level, name, value in options:
    value = value.strip(" ()")
    if value == name:
        continue  # the kernel does not see it: "#if 0"
    try:
        value = int(value, 0)
    except ValueError:
        wrong.append(f"{name} is {value}, no number: if it is no option it belongs into not-options")
        continue
    found = [scope for at, first, last, scope in rows if at == int(level, 0) and first <= value <= last]
    if len(found) != 1:
        wrong.append(f"{name} has {len(found)} rows in {table}")
if not rows or not options:
    wrong.append(f"{len(rows)} rows and {len(options)} options were found")
print("\n".join(wrong) or f"{len(options)} socket options, {len(rows)} rows")
sys.exit(bool(wrong))
