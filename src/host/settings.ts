/** The kernel's switches that decide over what this user may do, as the reason for what a trial found. */
import { readFileSync } from 'node:fs';

const NAMES = {
  unprivilegedNamespaces: 'kernel.unprivileged_userns_clone',
  mostNamespaces: 'user.max_user_namespaces',
  apparmorNamespaces: 'kernel.apparmor_restrict_unprivileged_userns',
  apparmorUnconfined: 'kernel.apparmor_restrict_unprivileged_unconfined',
  tracing: 'kernel.yama.ptrace_scope',
} as const;

/** Each switch's number; undefined: this kernel has no such switch. */
export type Settings = Readonly<Record<keyof typeof NAMES, number | undefined>>;

/** The switches of the running kernel. @see sysctl(8) */
export function readSettings(): Settings {
  const read = (name: string): number | undefined => {
    try {
      return Number(readFileSync(`/proc/sys/${name.replaceAll('.', '/')}`, 'utf8'));
    } catch {
      return undefined;
    }
  };
  const entries = Object.entries(NAMES).map(([key, name]) => [key, read(name)]);
  return Object.fromEntries(entries) as Settings;
}
