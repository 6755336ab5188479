/**
 * Which process a temporary folder or a lock belongs to, so that the next use
 * can tell a dead one's debris from a living one's work.
 *
 * A process is named by its pid namespace, pid and start time: pids are reused,
 * and another container may share the store but not the pids.
 *
 * @see proc_pid_stat(5), field 22
 */
import { readFileSync, readlinkSync } from 'node:fs';

/** `NAMESPACE-PID-START`, all decimal. */
export type Owner = string;

const PATTERN = /^(\d+)-(\d+)-(\d+)$/;
/** What a process of another pid namespace left behind is taken for abandoned after this. */
const FOREIGN_LIMIT_MS = 24 * 60 * 60 * 1000;

/** This process. */
export function thisProcess(): Owner {
  return `${pidNamespace()}-${process.pid}-${startTime(process.pid) ?? 0}`;
}

/** Whether `owner` still lives; `ageMs` decides where its pid means nothing here. Nonsense is dead. */
export function isAlive(owner: Owner, ageMs: number): boolean {
  const [, namespace, pid, start] = PATTERN.exec(owner) ?? [];
  if (namespace === undefined) return false;
  if (namespace !== pidNamespace()) return ageMs < FOREIGN_LIMIT_MS;
  return startTime(Number(pid)) === start;
}

function pidNamespace(): string {
  return readlinkSync('/proc/self/ns/pid').replace(/\D/g, '');
}

/** The name of the program may hold spaces and brackets: what follows the last bracket is numbers. A zombie is dead. */
function startTime(pid: number): string | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}
