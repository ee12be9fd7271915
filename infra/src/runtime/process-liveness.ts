import { readErrorCode } from './error-code.ts'

/** Returns whether a process of this machine, or of this container, is running. */
export function isProcessAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return readErrorCode(error) === 'EPERM'
  }
}
