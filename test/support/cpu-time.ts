/** What synchronous work of this process took of a processor, which a busy machine does not change. */

/** A clock that has just been started: milliseconds of processor time since then. */
export function startCpuClock(): () => number {
  const start = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1000;
  };
}
