"""What the figures were taken on: CPU, kernel, cores, CPU time of processes, file system."""

import os
import platform

TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


def _read(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def cpu_model():
    """The processor's name as the kernel gives it."""
    for line in _read("/proc/cpuinfo").splitlines():
        if line.startswith(("model name", "Model")):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def kernel():
    """System and kernel, as `uname` prints them."""
    return f"{platform.system()} {platform.release()} {platform.machine()}"


def memory_total_mb():
    """The machine's memory in MB."""
    return int(_field("/proc/meminfo", "MemTotal")) // 1024


def _field(path, name):
    for line in _read(path).splitlines():
        if line.startswith(name + ":"):
            return line.split()[1]
    return "0"


def resident_bytes(pid):
    """The resident memory of a process (VmRSS)."""
    return int(_field(f"/proc/{pid}/status", "VmRSS")) * 1024


def cpu_seconds(pid):
    """CPU time a process has used so far, all its threads, user and system."""
    fields = _read(f"/proc/{pid}/stat").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_A_SECOND if fields else 0.0


def busy_seconds():
    """CPU time all processes of the machine have used so far (interrupts left out)."""
    fields = [int(field) for field in _read("/proc/stat").splitlines()[0].split()[1:4]]
    return sum(fields) / TICKS_A_SECOND


def load_average():
    """The load averages as text."""
    return " ".join(f"{value:.2f}" for value in os.getloadavg())


def file_system(directory):
    """Type and device of the file system that holds a directory."""
    best, answer = "", "unknown"
    path = os.path.realpath(directory)
    for line in _read("/proc/mounts").splitlines():
        device, point, kind = line.split()[:3]
        inside = path == point or path.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, answer = point, f"{kind} ({device})"
    return answer


def pick_cores():
    """One core for the server and another for the client; None, None where there is only one.

    Two hardware threads of one core share its units, so the client avoids the server's sibling.
    """
    allowed = sorted(os.sched_getaffinity(0))
    if len(allowed) < 2:
        return None, None
    server = allowed[0]
    text = _read(f"/sys/devices/system/cpu/cpu{server}/topology/thread_siblings_list")
    siblings = parse_cores(text) if text.strip() else {server}
    others = [core for core in allowed if core not in siblings] or allowed[1:]
    return {server}, {others[0]}


def parse_cores(text):
    """A set of cores from text such as `0,2-3`."""
    cores = set()
    for part in text.strip().split(","):
        first, _, last = part.partition("-")
        cores.update(range(int(first), int(last or first) + 1))
    return cores


def cores_text(cores):
    """A set of cores as text."""
    return "not pinned" if not cores else "core " + ",".join(str(core) for core in sorted(cores))
