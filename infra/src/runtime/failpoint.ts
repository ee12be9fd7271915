import { sleep } from './timers.ts'

/** Places where a service can be made to fail on purpose, to see that nothing is lost there. */
export const FAILPOINTS = [
  'before-claim',
  'after-claim',
  'before-submit',
  'after-submit',
  'after-request-id',
  'mid-upload',
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

/** A failure that was asked for. */
export class FailpointError extends Error {
  override readonly name = 'FailpointError'
}

const STALL_MS = 6_000
const SIGNAL_DELIVERY_MS = 100
const neverAborted = new AbortController().signal

let armed: { at: string; failure: FailpointAction } | undefined

/** Has this process fail once, at a place and in a way, as in `after-submit:kill`. Where nothing is set nothing ever fails. */
export function armFailpoint(setting: string | undefined): void {
  const [at = '', how] = setting?.split(':') ?? []
  const failure = FAILPOINT_ACTIONS.find(name => name === how)
  armed = failure && { at, failure }
}

/** A place where the process fails if it was armed for it. @throws FailpointError if that is the way to fail */
export async function failpoint(at: Failpoint): Promise<void> {
  if (armed?.at !== at) return
  const { failure } = armed
  armed = undefined
  await ACTIONS[failure](at)
}

const ACTIONS: Record<FailpointAction, (at: Failpoint) => void | Promise<void>> = {
  kill: () => signalSelf('SIGKILL'),
  stop: () => signalSelf('SIGSTOP'),
  stall: () => {
    // Nothing else runs meanwhile: not the lease's timer either.
    for (const end = performance.now() + STALL_MS; performance.now() < end; );
  },
  throw: at => {
    throw new FailpointError(`failed on purpose: ${at}`)
  },
}

/** Another thread may be the one that takes the signal: this one does not go on before it has worked. */
async function signalSelf(signal: 'SIGKILL' | 'SIGSTOP'): Promise<void> {
  process.kill(process.pid, signal)
  await sleep(SIGNAL_DELIVERY_MS, neverAborted)
}
