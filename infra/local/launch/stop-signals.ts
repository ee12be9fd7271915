import { constants } from 'node:os'
import { isProcessAlive } from '../../src/runtime/process-liveness.ts'
import { untilNextMultiple } from '../../src/runtime/timers.ts'
import { isNpxChainIntact, isSignalIgnored, type NpxChain } from '../process/ancestors.ts'

/** Signals by which a terminal, a service manager and npx request a stop. */
const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
const DEBOUNCE_MS = 2_000
const PARENT_CHECK_INTERVAL_MS = 2_000

export interface StopHandlers {
  /** Called once, for the first request. */
  onStop: () => void
  /** Called for each further request. */
  onForceStop: () => void
}

/** Calls the handlers when this process receives a stop signal. One that `nohup` has it ignore stays ignored. */
export function listenForStopSignals(handlers: StopHandlers): void {
  const handleSignal = createStopDebouncer(handlers)
  for (const signal of findStopSignals()) process.on(signal, () => handleSignal())
}

/** Returns the stop signals that this process was not started to ignore. */
export function findStopSignals(): NodeJS.Signals[] {
  return STOP_SIGNALS.filter(signal => signal !== 'SIGHUP' || !isSignalIgnored(constants.signals.SIGHUP))
}

/**
 * Calls `onExit` once when a process that this one belongs to is gone, however it ended.
 *
 * @param parents `npx`: the processes up to the npx that started this one; `pid`: another process, if any
 */
export function watchParents(parents: { npx: NpxChain; pid: number | undefined }, onExit: () => void): void {
  const { npx, pid } = parents
  if (npx.length === 0 && pid === undefined) return
  const check = () => {
    const isAlive = isNpxChainIntact(npx) && (pid === undefined || isProcessAlive(pid))
    return isAlive ? wait() : onExit()
  }
  const wait = () => void setTimeout(check, untilNextMultiple(PARENT_CHECK_INTERVAL_MS)).unref()
  wait()
}

/**
 * Debounces stop signals. Through npx one Ctrl-C arrives several times at once, so signals within two seconds are one request.
 * A later signal is a new request, from a user who does not want to wait.
 *
 * @returns a function to be called with the time of each signal, in milliseconds
 */
export function createStopDebouncer({ onStop, onForceStop }: StopHandlers): (now?: number) => void {
  let lastSignalAt: number | undefined
  return (now = performance.now()) => {
    if (lastSignalAt !== undefined && now - lastSignalAt <= DEBOUNCE_MS) return
    const handler = lastSignalAt === undefined ? onStop : onForceStop
    lastSignalAt = now
    handler()
  }
}
