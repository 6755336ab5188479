/**
 * The words of a seccomp filter, as plain data.
 *
 * A filter maps syscalls to rules. The conditions of one rule are and-bound,
 * the rules of one syscall are or-bound, the first that matches decides, and
 * what no rule matches gets `defaultAction`. libseccomp has no order among
 * rules: a program that cannot honour it is refused. Nothing here touches the kernel or libseccomp.
 *
 * @see seccomp(2)
 */
export type Action =
  | { readonly kind: 'allow' }
  /** The call waits until the listener's holder has answered it. */
  | { readonly kind: 'notify' }
  /** 1..4094: libseccomp takes no more. 0 lets the caller believe that the call was made. */
  | { readonly kind: 'errno'; readonly errno: number }
  | { readonly kind: 'log' }
  | { readonly kind: 'trap' }
  /** The tracer is told, with 16 bits of the rule's. */
  | { readonly kind: 'trace'; readonly message: number }
  | { readonly kind: 'kill-thread' }
  | { readonly kind: 'kill-process' };

export type Comparison = 'eq' | 'ne' | 'lt' | 'le' | 'gt' | 'ge';
export type ArgumentIndex = 0 | 1 | 2 | 3 | 4 | 5;

/**
 * One test on one syscall argument. `width` is the C type's, in bits.
 * Only what can be compiled faithfully can be written: at width 32 that is
 * `eq` and masks, for libseccomp orders all 64 bits.
 */
export type Condition = { readonly arg: ArgumentIndex; readonly value: bigint } & (
  | { readonly width: 64; readonly compare: Comparison }
  | { readonly width: 32; readonly compare: 'eq' }
  | { readonly width: 32 | 64; readonly compare: 'masked'; readonly mask: bigint }
);

export type Rule = {
  readonly syscall: string;
  readonly action: Action;
  /** Empty: every call of the syscall. */
  readonly when: readonly Condition[];
};

export type Filter = {
  readonly arch: 'x86_64';
  readonly defaultAction: Action;
  /** For calls of another ABI: i386 (int $0x80) and x32. */
  readonly foreignAction: Action;
  /** Sorted by syscall name. */
  readonly rules: readonly Rule[];
};

/** A program ready for the kernel: 8 bytes an instruction, at most 4096. */
export type BpfProgram = Uint8Array & { readonly brand: 'bpf' };
