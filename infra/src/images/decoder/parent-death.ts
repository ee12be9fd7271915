import { dlopen } from 'bun:ffi'

const LIBRARIES = ['libc.so.6', `libc.musl-${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}.so.1`]
const PR_SET_PDEATHSIG = 1
const SIGKILL = 9

/**
 * Requests of Linux that it ends this process when its parent ends, even if its only thread is occupied and does not notice the end of
 * its input. Elsewhere it does nothing.
 *
 * @see https://man7.org/linux/man-pages/man2/PR_SET_PDEATHSIG.2const.html
 */
export function endWithParent(): void {
  if (process.platform !== 'linux') return
  const isSet = LIBRARIES.some(name => {
    try {
      const { symbols } = dlopen(name, { prctl: { args: ['i32', 'u64', 'u64', 'u64', 'u64'], returns: 'i32' } })
      return symbols.prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) === 0
    } catch {
      return false
    }
  })
  if (!isSet) process.stderr.write('the end of the parent process is noticed between two pieces of work only\n')
}
