/** Stands where `explain --why` proposes a rule, for the reason that only its author knows; `lint` finds it again. */
export const REASON = 'say here why the workload needs this';
