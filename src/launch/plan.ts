/**
 * CompiledPolicy + RootFs + HostFacts + what the user asked for → LaunchPlan:
 * the decision about a run, written down for the launcher to carry out.
 */
import { ID_MAP_METHOD_VALUES, type LaunchPlan, type PlanProgram } from '../../generated/plan-layout.js';
import type { HostFacts } from '../host/facts.js';
import type { RootFs } from '../image/rootfs.js';
import type { CompiledPolicy } from '../policy/compiled.js';
import { planCalls } from './calls.js';
import { planCgroups } from './cgroups.js';
import { LaunchError } from './errors.js';
import { chooseIds, placeIds } from './ids.js';
import { planMounts } from './mounts.js';

/** What the command line says about one run. */
export type RunOptions = {
  /** Replaces the image's command; empty: the image's. */
  readonly command: readonly string[];
  /** Replaces the image's entrypoint. */
  readonly entrypoint: string | undefined;
  /** `NAME=value`. */
  readonly environment: readonly string[];
  readonly workingDirectory: string | undefined;
  /** Numeric ids that replace the image's user. */
  readonly user: { readonly uid: number; readonly gid: number } | undefined;
  readonly hostname: string | undefined;
  readonly interactive: boolean;
  readonly terminal: boolean;
  /** What the launcher has to say is told as JSON, a line each. */
  readonly messagesAsJson: boolean;
};

export type LaunchInputs = {
  readonly productVersion: string;
  readonly policy: CompiledPolicy;
  readonly rootFs: RootFs;
  readonly host: HostFacts;
  readonly options: RunOptions;
  /** Absolute; exists. */
  readonly stateDirectory: string;
  readonly programs: readonly PlanProgram[];
};

type CapabilityFields = Pick<
  LaunchPlan,
  'capabilityBounding' | 'capabilityPermitted' | 'capabilityEffective' | 'capabilityInheritable' | 'capabilityAmbient'
>;

/** A call number that no kernel has, which the filter must hand to the supervisor, and what that answers. */
const CANARY = { call: 0x7eed, answer: 0x5a5a5a } as const;
const USUAL_PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** @throws {LaunchError} LAUNCH_LANDLOCK_NEEDED, LAUNCH_NO_COMMAND, LAUNCH_ROOT_REFUSED, LAUNCH_ID_UNMAPPED */
export function planLaunch(inputs: LaunchInputs): LaunchPlan {
  const { policy, rootFs, host, options } = inputs;
  const { landlock, limits } = policy;
  requireLandlock(inputs);
  const ids = placeIds(rootFs.idMap, chooseIds(policy, rootFs, options));
  return {
    productVersion: inputs.productVersion,
    policyName: policy.name,
    policyDigest: policy.digest,
    imageReference: rootFs.reference,
    imageDigest: rootFs.digest ?? '',
    ...planTrust(rootFs),
    remark: [...rootFs.remarks, ...(host.idMapRemark === undefined ? [] : [host.idMapRemark]), ...unproved(policy)],
    stateDirectory: inputs.stateDirectory,
    invokingUser: host.user.name,
    program: inputs.programs,
    idMapMethod: ID_MAP_METHOD_VALUES[rootFs.idMap.method],
    uidRange: ids.map.uid,
    gidRange: ids.map.gid,
    newuidmap: host.newuidmap ?? '',
    newgidmap: host.newgidmap ?? '',
    setupUid: ids.setup.uid,
    setupGid: ids.setup.gid,
    initUid: ids.init.uid,
    initGid: ids.init.gid,
    layer: rootFs.layers,
    rootWritable: policy.root === 'writable' ? 1 : 0,
    rootSize: policy.rootSizeBytes,
    mount: planMounts(policy.mounts),
    hostname: hostnameOf(options),
    workingDirectory: options.workingDirectory ?? rootFs.configuration.workingDirectory,
    environment: environmentOf(inputs),
    environmentPass: policy.environment.pass,
    ...commandOf(inputs),
    uid: ids.user.uid,
    gid: ids.user.gid,
    group: ids.user.groups,
    terminal: options.terminal ? 1 : 0,
    interactive: options.interactive ? 1 : 0,
    stopSignal: rootFs.configuration.stopSignal,
    timeLimitSeconds: BigInt(limits.wallSeconds ?? 0),
    messagesAsJson: options.messagesAsJson ? 1 : 0,
    ...planCapabilities(policy, ids.user.uid),
    rlimit: limits.rlimits.map(({ name, resource, soft, hard }) => ({ name, resource, soft, hard })),
    ...planCgroups(limits, host.cgroup),
    landlockFs: landlock.handledFs,
    landlockNet: landlock.handledNet,
    landlockScoped: landlock.scoped,
    landlockPath: landlock.rules.flatMap((rule) =>
      rule.kind === 'path' ? [{ access: rule.access, path: rule.path }] : [],
    ),
    landlockPort: landlock.rules.flatMap((rule) =>
      rule.kind === 'port' ? [{ access: rule.access, port: BigInt(rule.port) }] : [],
    ),
    ...planApparmor(policy),
    ...planCalls(policy),
    canaryCall: CANARY.call,
    canaryAnswer: CANARY.answer,
    proof: { certificate: policy.certificate.digest, filter: policy.certificate.certificate.filter.digest },
    required: policy.required,
    preferred: policy.preferred,
    auditQuota: policy.audit.quotaBytes,
    auditSync: policy.audit.durability === 'sync' ? 1 : 0,
  };
}

/** Where the policy only prefers seccomp. */
function unproved({ certificate }: CompiledPolicy): readonly string[] {
  const { unable } = certificate.certificate.live;
  return unable === null ? [] : [`seccomp: the filter was not tried on this kernel (${unable})`];
}

/**
 * With a single id the workload's outer id owns what the user owns, the launcher
 * among it: an image's script that names /proc/self/exe as its interpreter could
 * then reach it (the class of CVE-2019-5736). Nothing but Landlock is in its way.
 */
function requireLandlock({ rootFs, policy }: LaunchInputs): void {
  if (rootFs.idMap.method !== 'single' || policy.landlock.handledFs !== 0n) return;
  throw new LaunchError(
    'LAUNCH_LANDLOCK_NEEDED',
    'without subordinate ids a run needs Landlock, which this kernel lacks',
    {
      why: 'the workload would have your own id outside, and nothing would keep it from the launcher’s file',
      hint: 'get subordinate ids or a kernel with Landlock; sandbox doctor says how',
    },
  );
}

/** Where the policy would like a profile and there is none, why is told in the receipt. */
function planApparmor({
  apparmor: { profileName, use },
  preferred,
}: CompiledPolicy): Pick<LaunchPlan, 'apparmorLabel' | 'apparmorNamespace' | 'apparmorProgram' | 'apparmorLack'> {
  const none = { apparmorLabel: '', apparmorNamespace: '', apparmorProgram: new Uint8Array(), apparmorLack: '' };
  switch (use.kind) {
    case 'loaded':
      return { ...none, apparmorLabel: profileName };
    case 'own':
      return {
        ...none,
        apparmorLabel: use.profileName,
        apparmorNamespace: use.namespace,
        apparmorProgram: use.program,
      };
    case 'none':
      return { ...none, apparmorLack: preferred.includes('apparmor') ? use.why : '' };
  }
}

function planTrust({ trust }: RootFs): Pick<LaunchPlan, 'imageSigned' | 'signer' | 'trustRule'> {
  switch (trust.kind) {
    case 'signed':
      return { imageSigned: 1, signer: `${trust.signer} (${trust.format})`, trustRule: trust.rule };
    case 'unsigned':
      return { imageSigned: 0, signer: trust.by, trustRule: '' };
  }
}

/**
 * The launcher takes root's power of being root away for good, so what root has
 * must be ambient to survive an exec. Where a policy allows root and the image
 * runs as somebody else, its capabilities only bound what could be gained.
 */
function planCapabilities({ user, capabilities }: CompiledPolicy, uid: number): CapabilityFields {
  const { bounding } = capabilities;
  const { permitted, effective, inheritable, ambient } =
    user.uid === 'any' ? setsOf(uid === 0 ? bounding : 0n) : capabilities;
  return {
    capabilityBounding: bounding,
    capabilityPermitted: permitted,
    capabilityEffective: effective,
    capabilityInheritable: inheritable,
    capabilityAmbient: ambient,
  };
}

const setsOf = (mask: bigint) => ({ permitted: mask, effective: mask, inheritable: mask, ambient: mask });

/** An entrypoint of the user's own drops the image's command, as with Docker. */
function commandOf({ options, rootFs }: LaunchInputs): Pick<LaunchPlan, 'entrypoint' | 'command'> {
  const own = options.entrypoint !== undefined;
  const entrypoint = own ? [options.entrypoint].filter((word) => word !== '') : rootFs.configuration.entrypoint;
  const command = options.command.length > 0 || own ? options.command : rootFs.configuration.command;
  if (entrypoint.length + command.length > 0) return { entrypoint, command };
  throw new LaunchError('LAUNCH_NO_COMMAND', `${rootFs.reference}: the image names no command`, {
    hint: 'name one after the image: sandbox run IMAGE COMMAND',
  });
}

const hostnameOf = (options: RunOptions): string => options.hostname ?? 'sandbox';

/** The usual ones, then the image's, the policy's and the user's; a later variable replaces an earlier of its name. */
function environmentOf({ policy, rootFs, options }: LaunchInputs): readonly string[] {
  const set = Object.entries(policy.environment.set).map(([name, value]) => `${name}=${value}`);
  const terminal = options.terminal && !policy.environment.pass.includes('TERM') ? ['TERM=xterm'] : [];
  const usual = [USUAL_PATH, `HOSTNAME=${hostnameOf(options)}`, 'HOME=/', ...terminal];
  const named = new Map<string, string>();
  for (const variable of [...usual, ...rootFs.configuration.environment, ...set, ...options.environment]) {
    named.set(variable.slice(0, Math.max(0, variable.indexOf('='))), variable);
  }
  return [...named.values()];
}
