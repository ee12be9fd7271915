import type { Service } from '@darkroom/contracts/routes'
import type { Config } from '../config.ts'
import type { Log } from '../log.ts'

type StopSettings = Pick<Config, 'GENERATION_MAX_SECONDS' | 'SHUTDOWN_GRACE_SECONDS' | 'SHUTDOWN_DELAY_SECONDS'>

/** Time for which released jobs may write their rows after the grace period. */
const RELEASE_SECONDS = 3
/** Time for the requests under way, and for closing connections. */
const CLOSE_SECONDS = 15

/** Returns how long a processor may wait for its jobs when it stops: a call that is paid for has until its own deadline. */
export function computeDrainSeconds(config: StopSettings): number {
  return config.GENERATION_MAX_SECONDS + 2 * config.SHUTDOWN_GRACE_SECONDS + RELEASE_SECONDS
}

/** Returns how long a service may take to stop. */
export function computeStopSeconds(service: Service, config: StopSettings): number {
  return CLOSE_SECONDS + (service === 'processor' ? computeDrainSeconds(config) : config.SHUTDOWN_DELAY_SECONDS)
}

/** Logs a warning if whatever runs the service may kill it while it stops. */
export function warnOfShortStopTimeout(
  service: Service,
  { config, log }: { config: StopSettings & Pick<Config, 'STOP_TIMEOUT_SECONDS'>; log: Pick<Log, 'warn'> },
): void {
  const { STOP_TIMEOUT_SECONDS: seconds } = config
  const needed = computeStopSeconds(service, config)
  if (seconds === undefined || seconds >= needed) return
  log.warn({ seconds, needed, setting: 'STOP_TIMEOUT_SECONDS' }, 'stop_timeout_too_short')
}
