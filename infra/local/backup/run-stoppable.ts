import { StartError } from '../process/server-process.ts'
import { isDiskFull } from './disk-full.ts'

const STOPPED_CODE = 130
const FAILED_CODE = 2

/**
 * Runs the work of a command until it has ended or Ctrl-C stops it in order; a second Ctrl-C ends the process at once.
 *
 * @param stoppedMessage sentence for a user who has stopped it
 * @returns the exit code of `work`; 130 when it was stopped, 2 when it failed
 */
export async function runStoppable(
  work: (signal: AbortSignal) => Promise<number>,
  stoppedMessage: string,
): Promise<number> {
  const stopping = new AbortController()
  const stop = () => {
    if (stopping.signal.aborted) process.exit(STOPPED_CODE)
    stopping.abort(new StartError(stoppedMessage))
  }
  process.on('SIGINT', stop).on('SIGTERM', stop).on('SIGHUP', stop)
  try {
    return await work(stopping.signal)
  } catch (error) {
    process.stderr.write(`${stopping.signal.aborted ? stoppedMessage : formatError(error)}\n`)
    return stopping.signal.aborted ? STOPPED_CODE : FAILED_CODE
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop).off('SIGHUP', stop)
  }
}

function formatError(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (isDiskFull(error)) {
    return 'The disk is full. Make space, then run it again: what is there already is not copied again.'
  }
  return error.message
}
