/**
 * libseccomp(3), exactly as C sees it.
 *
 * Every function returns what the C function returns: no throwing, no
 * renaming, no defaults; failures are negative errno values. The library is
 * loaded at the first call, which throws where it is not installed.
 */
import { once } from '../base/once.js';
import { koffi } from './koffi.js';

export type ScmpArgCmp = { arg: number; op: number; datum_a: bigint; datum_b: bigint };
export type ScmpFilter = { readonly opaque: 'scmp_filter' };
export type ScmpVersion = { readonly major: number; readonly minor: number; readonly micro: number };

const lib = once(() => {
  const k = koffi();
  const seccomp = k.load('libseccomp.so.2');
  k.struct('scmp_arg_cmp', { arg: 'uint', op: 'int', datum_a: 'uint64_t', datum_b: 'uint64_t' });
  k.struct('scmp_version', { major: 'uint', minor: 'uint', micro: 'uint' });
  k.opaque('scmp_filter');
  k.disposable('scmp_name', 'char *'); // given back with free(3)
  const version = seccomp.func('const scmp_version *seccomp_version()');
  return {
    version: () => k.decode(version(), 'scmp_version') as ScmpVersion,
    apiSet: seccomp.func('int seccomp_api_set(uint level)') as (level: number) => number,
    init: seccomp.func('scmp_filter *seccomp_init(uint32_t action)') as (action: number) => ScmpFilter | null,
    release: seccomp.func('void seccomp_release(scmp_filter *ctx)') as (ctx: ScmpFilter) => void,
    archAdd: seccomp.func('int seccomp_arch_add(scmp_filter *ctx, uint32_t arch)') as (
      ctx: ScmpFilter,
      arch: number,
    ) => number,
    attrSet: seccomp.func('int seccomp_attr_set(scmp_filter *ctx, int attr, uint32_t value)') as (
      ctx: ScmpFilter,
      attribute: number,
      value: number,
    ) => number,
    ruleAddArray: seccomp.func(
      'int seccomp_rule_add_array(scmp_filter *ctx, uint32_t action, int nr, uint n, scmp_arg_cmp *args)',
    ) as (ctx: ScmpFilter, action: number, nr: number, count: number, args: ScmpArgCmp[]) => number,
    exportBpf: seccomp.func('int seccomp_export_bpf(scmp_filter *ctx, int fd)') as (
      ctx: ScmpFilter,
      fd: number,
    ) => number,
    resolveName: seccomp.func('int seccomp_syscall_resolve_name_arch(uint32_t arch, const char *name)') as (
      arch: number,
      name: string,
    ) => number,
    resolveNumber: seccomp.func('scmp_name seccomp_syscall_resolve_num_arch(uint32_t arch, int nr)') as (
      arch: number,
      nr: number,
    ) => string | null,
  };
});

export const version = (): ScmpVersion => lib().version();
/** Which of the kernel's features to assume, instead of asking this host's kernel. */
export const apiSet = (level: number): number => lib().apiSet(level);
export const init = (action: number): ScmpFilter | null => lib().init(action);
export const release = (ctx: ScmpFilter): void => lib().release(ctx);
export const archAdd = (ctx: ScmpFilter, arch: number): number => lib().archAdd(ctx, arch);
export const attrSet = (ctx: ScmpFilter, attribute: number, value: number): number =>
  lib().attrSet(ctx, attribute, value);
export const ruleAddArray = (ctx: ScmpFilter, action: number, nr: number, args: ScmpArgCmp[]): number =>
  lib().ruleAddArray(ctx, action, nr, args.length, args);
export const exportBpf = (ctx: ScmpFilter, fd: number): number => lib().exportBpf(ctx, fd);
export const resolveName = (arch: number, name: string): number => lib().resolveName(arch, name);
export const resolveNumber = (arch: number, nr: number): string | null => lib().resolveNumber(arch, nr);
