const PREFIX = [
  'unshare',
  '--net',
  '--mount',
  '/bin/sh',
  '-ec',
  // Where `ip netns` has its files: nothing of it is left behind.
  'mount -t tmpfs tmpfs /run; ip link set lo up; exec "$@"',
  'sh',
]
const PROBE = ['ip', 'link', 'add', 'probe', 'type', 'bridge']

/** Explains why there is none. */
export const NO_NAMESPACE_MESSAGE =
  'The tests of several hosts are left out: they make network namespaces, for which they need root and `ip` of Debian’s iproute2.'

/**
 * Finds the words before a command that make it run in a network namespace of its own, in which it may make others. All of them end
 * with the command.
 *
 * @returns undefined where this machine or user does not allow it
 */
export function findNamespacePrefix(): readonly string[] | undefined {
  try {
    const { success } = Bun.spawnSync([...PREFIX, ...PROBE], { stdout: 'ignore', stderr: 'ignore' })
    return success ? PREFIX : undefined
  } catch {
    return undefined
  }
}
