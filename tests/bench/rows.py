"""What tests/bench/run measures: the rows, their targets, and the document made of them.
SPDX-License-Identifier: MIT
"""
import os
import platform
import statistics

# --- rows: each gives figures by name; all begin with one server running -----------------------

SATURATED = ("--mode=chat", "--receipts=on", "--rooms=100", "--users=2", "--inflight=4")
FANOUT = ("--mode=typing", "--rooms=100", "--users=2", "--inflight=4")
AT_200 = ("--mode=chat", "--receipts=on", "--rooms=100", "--users=2", "--rate=200")
AT_5000 = ("--mode=chat", "--receipts=on", "--rooms=100", "--users=2", "--rate=5000")
HISTORY = ("--mode=history", "--rooms=8", "--messages=1000", "--clients=8")
PAGE = ("--mode=page", "--rooms=8", "--messages=1000", "--page=50", "--clients=8")
IDLE = ("--mode=idle", "--rooms=100", "--rate=100", "--idle=5000")
SLOW = ("--mode=slow", "--rooms=1", "--rate=500", "--content=1900", "--slow=10")
PARTS = ("server", "db", "redis", "kafka", "generator")


def ceiling_fanout(m):
    m.servers(1)
    chat, typing, calm = m.fanout(*SATURATED), m.fanout(*FANOUT), m.fanout(*AT_200)
    return {"ceiling_saturated": chat["deliveries_per_s"],
            "ceiling_typing": typing["deliveries_per_s"],
            "ceiling_typing_cpu": typing["server_cpu_us_per_delivery"],
            "ceiling_200_p50": calm["latency_p50_us"] / 1e3,
            "ceiling_200_p99": calm["latency_p99_us"] / 1e3,
            "ceiling_200_cpu": calm["server_cpu_us_per_delivery"]}


def ceiling_db(m):
    m.servers(1)
    url = m.address["DATABASE_URL"]
    figures = {}
    for batch in (64, 256):
        found = m.tool("db", url, "write", batch, 1, m.seconds)
        # Two deliveries a message: a bare row is worth two of ours.
        figures[f"ceiling_db_{batch}"] = 2 * found["rows_per_s"]
    for page in (50, 1000):
        figures[f"ceiling_read_{page}"] = m.tool("db", url, "read", page, 8, m.seconds)["per_s"]
    return figures


def ceiling_kafka(m):
    m.servers(1)
    brokers = m.address["KAFKA_BROKERS"]
    return {f"ceiling_kafka_{inflight}":
            2 * m.tool("kafka", brokers, inflight, linger, m.seconds)["per_s"]
            for inflight, linger in ((64, 0), (1000, 5))}


def saturation(m):
    m.servers(1)
    found = m.bench(*SATURATED)
    figures = {"saturated": found["deliveries_per_s"],
               "saturated_p50": found["latency_p50_us"] / 1e3,
               "saturated_p99": found["latency_p99_us"] / 1e3}
    for part in PARTS:
        figures[f"saturated_cpu_{part}"] = found[f"{part}_cpu_us_per_delivery"]
        if part != "generator":
            figures[f"saturated_rss_{part}"] = found[f"{part}_rss_mb"]
    return figures


def fanout(m):
    m.servers(1)
    found = m.bench(*FANOUT)
    return {"typing": found["deliveries_per_s"],
            "typing_cpu": found["server_cpu_us_per_delivery"]}


def latency_200(m):
    m.servers(1)
    found = m.bench(*AT_200)
    figures = {"at_200_p50": found["latency_p50_us"] / 1e3,
               "at_200_p99": found["latency_p99_us"] / 1e3,
               "at_200_receipt_p50": found["receipt_p50_us"] / 1e3}
    for part in PARTS:
        figures[f"at_200_cpu_{part}"] = found[f"{part}_cpu_us_per_delivery"]
    return figures


def latency_5000(m):
    m.servers(1)
    found = m.bench(*AT_5000)
    return {"at_5000_p50": found["latency_p50_us"] / 1e3,
            "at_5000_p99": found["latency_p99_us"] / 1e3}


def latency_cross(m):
    m.servers(2)
    found = m.bench(*AT_200, urls=f"{m.url(1)},{m.url(2)}")
    m.servers(1)
    return {"cross_p50": found["cross_latency_p50_us"] / 1e3,
            "cross_p99": found["cross_latency_p99_us"] / 1e3}


def idle(m):
    m.servers(1)
    m.fresh_server()  # what former loads left in the heap would hide what the idle ones take
    base = rss_mb(m.pid("server-1"))
    found = m.bench(*IDLE)
    return {"base_mb": base,
            "idle_kb": found["bytes_per_idle"] / 1e3,
            "idle_ratio": found["idle_latency_p99_us"] / found["empty_latency_p99_us"],
            "closing_p99": found["closing_latency_p99_us"] / 1e3,
            "closed_s": found["sessions_gone_ms"] / 1e3}


def start(m):
    m.servers(1)
    command = m.command_of("server-1")
    m.cluster("stop", "server-1")
    found = m.bench("--mode=start", f"--exec={command}", watch="db:" + m.pid("db"))
    return {"start_s": found["connected_ms"] / 1e3}


def restart(m):
    m.servers(2)
    found = m.bench("--mode=start", f"--exec={m.command_of('server-1')}",
                    f"--kill={m.pid('server-1')}", urls=f"{m.url(1)},{m.url(2)}",
                    watch="db:" + m.pid("db"))
    m.servers(1)
    return {"restart_s": found["first_delivery_ms"] / 1e3,
            "restart_cross_s": found["first_cross_delivery_ms"] / 1e3}


def history(m):
    m.servers(1)
    found = m.bench(*HISTORY)
    return {"history": found["requests_per_s"], "history_p99": found["latency_p99_us"] / 1e3}


def page(m):
    m.servers(1)
    found = m.bench(*PAGE)
    return {"page": found["requests_per_s"], "page_p99": found["latency_p99_us"] / 1e3}


def slow(m):
    m.servers(1)
    m.fresh_server()
    found = m.bench(*SLOW, f"--seconds={max(m.seconds, 8)}")
    return {"slow_mb": found["rss_growth_per_slow_kb"] / 1e3,
            "slow_told": 100 * found["slow_told"] / 10}


ROWS = (ceiling_fanout, ceiling_db, ceiling_kafka, saturation, fanout, latency_200, latency_5000,
        latency_cross, idle, start, restart, history, page, slow)


def rss_mb(pid):
    with open(f"/proc/{pid}/statm", encoding="ascii") as f:
        return int(f.read().split()[1]) * os.sysconf("SC_PAGESIZE") / 1e6


# --- what is promised of each figure -----------------------------------------------------------
# figure, what it is, floor, goal, ceiling (a figure of this run), row that gives it.
# ">" or "<" tells which way is better.

TARGETS = (
    ("saturated", "saturated, committed and published: deliveries/s", ">14000", ">50000",
     "ceiling_saturated", "saturation"),
    ("typing", "fan-out alone (\"is typing\"): deliveries/s", ">80000", ">250000",
     "ceiling_typing", "fanout"),
    ("at_200_p50", "SEND to MESSAGE at 200/s, p50 ms", "<1.2", "<0.6", "ceiling_200_p50",
     "latency_200"),
    ("at_200_p99", "the same, p99 ms", "<5", "<1.5", "ceiling_200_p99", "latency_200"),
    ("at_5000_p50", "SEND to MESSAGE at 5,000/s, p50 ms", "<4", "<1.5", None, "latency_5000"),
    ("at_5000_p99", "the same, p99 ms", "<30", "<6", None, "latency_5000"),
    ("cross_p50", "to a subscriber of another server at 200/s, p50 ms", "<4", "<1.5", None,
     "latency_cross"),
    ("cross_p99", "the same, p99 ms", "<25", "<8", None, "latency_cross"),
    ("saturated_cpu_server", "server's CPU a delivery, saturated, us", "<25", "<8",
     "ceiling_typing_cpu", "saturation"),
    ("at_200_cpu_server", "server's CPU a delivery at 200/s, us", "<250", "<80",
     "ceiling_200_cpu", "latency_200"),
    ("base_mb", "memory at the start, MB", "<30", "<12", None, "idle"),
    ("idle_kb", "memory for each idle subscribed connection, KB", "<12", "<6", None, "idle"),
    ("idle_ratio", "5,000 idle users: p99 of the others, times that without them", "<2", "<1.2",
     None, "idle"),
    ("closed_s", "5,000 closing at once: until all sessions are gone, s", "<2", "<0.5", None,
     "idle"),
    ("start_s", "start to first CONNECTED, s", "<1", "<0.1", None, "start"),
    ("restart_s", "kill -9 and start: until the first live delivery, s", "<2", "<0.5", None,
     "restart"),
    ("restart_cross_s", "the same from another server, s", "<2", "<0.5", None, "restart"),
    ("history", "history of 1,000 messages, 8 clients: requests/s", ">1000", ">1600",
     "ceiling_read_1000", "history"),
    ("history_p99", "the same, p99 ms", "<20", "<10", None, "history"),
    ("page", "page of 50, 8 clients: requests/s", ">5000", ">10000", "ceiling_read_50", "page"),
    ("slow_mb", "memory for each subscriber that stops reading, MB", "<1.5", "<1.2", None, "slow"),
    ("slow_told", "of them closed with slow_consumer, %", ">100", ">100", None, "slow"),
)

CEILINGS = (
    ("ceiling_saturated", "bare fan-out, messages: deliveries/s"),
    ("ceiling_typing", "bare fan-out, \"is typing\": deliveries/s"),
    ("ceiling_200_p50", "bare fan-out at 200/s, p50 ms"),
    ("ceiling_200_p99", "the same, p99 ms"),
    ("ceiling_typing_cpu", "its CPU a delivery, saturated, us"),
    ("ceiling_200_cpu", "its CPU a delivery at 200/s, us"),
    ("ceiling_db_64", "MariaDB, bare INSERTs of 64 rows a commit, as deliveries/s"),
    ("ceiling_db_256", "the same with 256 rows"),
    ("ceiling_kafka_64", "Kafka, acks=all, 64 under way, as deliveries/s"),
    ("ceiling_kafka_1000", "the same with 1,000 under way and linger.ms=5"),
    ("ceiling_read_1000", "MariaDB, 1,000 rows of a room, 8 connections: pages/s"),
    ("ceiling_read_50", "the same with 50 rows"),
)


def number(value):
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def spread(values):
    """Least, median and largest."""
    if len(values) == 1:
        return number(values[0])
    return f"{number(min(values))} / **{number(statistics.median(values))}** / {number(max(values))}"


def is_met(value, target):
    limit = float(target[1:])
    return value >= limit if target[0] == ">" else value <= limit


def verdict(values, floor, goal):
    median = statistics.median(values)
    if is_met(median, goal):
        return "goal met"
    return "floor met" if is_met(median, floor) else "**missed**"


def share(figures, name, ceiling):
    if not ceiling or ceiling not in figures:
        return ""
    ratio = statistics.median(figures[name]) / max(statistics.median(figures[ceiling]), 1e-9)
    return f"{100 * ratio:.0f} %" if ratio < 1 else f"{ratio:.1f} ×"


def target_text(target):
    limit = float(target[1:])
    text = f"{limit:,.0f}" if limit >= 100 or limit == int(limit) else f"{limit:g}"
    return ("≥ " if target[0] == ">" else "≤ ") + text


def target_table(figures):
    yield "| what | min / **median** / max | floor | goal | | of the ceiling | row |"
    yield "|---|---|---|---|---|---|---|"
    for name, what, floor, goal, ceiling, row in TARGETS:
        if name in figures:
            yield (f"| {what} | {spread(figures[name])} | {target_text(floor)} | "
                   f"{target_text(goal)} | {verdict(figures[name], floor, goal)} | "
                   f"{share(figures, name, ceiling)} | `{row}` |")


def ceiling_table(figures):
    yield "| ceiling | min / **median** / max |"
    yield "|---|---|"
    for name, what in CEILINGS:
        if name in figures:
            yield f"| {what} | {spread(figures[name])} |"


def cost_table(figures):
    yield "| process | CPU a delivery, saturated, us | at 200/s, us | memory after saturation, MB |"
    yield "|---|---|---|---|"
    for part in PARTS:
        cells = [spread(figures[f"{what}_{part}"]) if f"{what}_{part}" in figures else ""
                 for what in ("saturated_cpu", "at_200_cpu", "saturated_rss")]
        if any(cells):
            yield f"| {part} | {' | '.join(cells)} |"


def machine_text():
    with open("/proc/meminfo", encoding="ascii") as f:
        memory = int(f.readline().split()[1]) / 1e6
    return (f"{os.cpu_count()} virtual cores ({platform.machine()}), {memory:.0f} GB of memory, "
            f"{platform.freedesktop_os_release()['PRETTY_NAME']}; the load generator, the server, "
            "MariaDB, Redis and Kafka share the cores.")


def is_quiet(others):
    """Nobody else worked meanwhile: kernel threads take a few per cent of a core."""
    return not others or statistics.median(others) < 20


def quiet_text(others):
    if not others:
        return ""
    return (f"Everything else on the machine took {statistics.median(others):.0f} % of a core "
            f"meanwhile (median; at most {max(others):.0f} %).")


def document(figures, machine):
    rounds = max((len(values) for values in figures.values()), default=0)
    parts = [f"{machine_text()} {rounds} round{'s' if rounds != 1 else ''}, {machine.seconds:g} s "
             f"of each row. {quiet_text(machine.others)}"]
    parts += ["\n".join(lines) for lines in (target_table(figures), ceiling_table(figures),
                                             cost_table(figures))]
    return "\n\n".join(parts) + "\n"


BEGIN, END = "<!-- figures: written by tests/bench/run -->\n", "<!-- end of figures -->\n"


def write(path, text):
    with open(path, encoding="utf-8") as f:
        before, _, rest = f.read().partition(BEGIN)
    after = rest.partition(END)[2]
    with open(path, "w", encoding="utf-8") as f:
        f.write(before + BEGIN + "\n" + text + "\n" + END + after)
