import { sleep } from './timers.ts'

/** Points at which tests make a service fail, to show that nothing is lost there. */
export const FAILPOINTS = [
  'before-claim',
  'after-claim',
  'before-submit',
  'answer-begun',
  'answer-received',
  'answer-read',
  'after-submit',
  'after-request-id',
  'mid-upload',
  'before-journal-remove',
  'after-finish',
  'before-hand-back',
  'before-rehost',
  'before-remove',
  'relay-published',
  'before-put',
  'after-put',
  'before-commit',
  'after-commit',
] as const
export type Failpoint = (typeof FAILPOINTS)[number]

export const FAILPOINT_ACTIONS = ['kill', 'stop', 'stall', 'throw'] as const
type FailpointAction = (typeof FAILPOINT_ACTIONS)[number]

/** The error of a failpoint whose action is `throw`. */
export class FailpointError extends Error {
  override readonly name = 'FailpointError'
}

/** Longer than a lease, and than another processor takes to start and to claim what was leased, on a busy machine too. */
const STALL_MS = 20_000
const SIGNAL_DELIVERY_MS = 100
const neverAborted = new AbortController().signal

let enabled: { at: string; action: FailpointAction } | undefined

/**
 * Enables one failpoint of this process. It fires once.
 *
 * @param setting a failpoint and its action, as `after-submit:kill`; undefined disables failpoints
 */
export function enableFailpoint(setting: string | undefined): void {
  const [at = '', name] = setting?.split(':') ?? []
  const action = FAILPOINT_ACTIONS.find(known => known === name)
  enabled = action && { at, action }
}

/** Fails here if this failpoint is enabled. @throws FailpointError if its action is `throw` */
export async function failpoint(at: Failpoint): Promise<void> {
  if (enabled?.at !== at) return
  const { action } = enabled
  enabled = undefined
  await ACTIONS[action](at)
}

const ACTIONS: Record<FailpointAction, (at: Failpoint) => void | Promise<void>> = {
  kill: () => signalSelf('SIGKILL'),
  stop: () => signalSelf('SIGSTOP'),
  stall: () => {
    // A busy wait, so that nothing else runs meanwhile, the lease's heartbeat included.
    for (const end = performance.now() + STALL_MS; performance.now() < end; );
  },
  throw: at => {
    throw new FailpointError(`failed on purpose: ${at}`)
  },
}

/** Sends this process a signal and waits for it: another thread may receive it, and this one must not go on before. */
async function signalSelf(signal: 'SIGKILL' | 'SIGSTOP'): Promise<void> {
  process.kill(process.pid, signal)
  await sleep(SIGNAL_DELIVERY_MS, neverAborted)
}
