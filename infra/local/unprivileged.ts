const NOBODY = '65534'
const NAMESPACE = ['--user', `--map-user=${NOBODY}`, `--map-group=${NOBODY}`]
const SEE_EVERYTHING = '-all,+dac_override'
const OTHER_USER = [
  '--securebits=+no_setuid_fixup',
  `--reuid=${NOBODY}`,
  `--regid=${NOBODY}`,
  '--clear-groups',
  `--inh-caps=${SEE_EVERYTHING}`,
  `--ambient-caps=${SEE_EVERYTHING}`,
  `--bounding-set=${SEE_EVERYTHING}`,
]

/**
 * What to put before a command that refuses to run as root, so that it runs where it lies: root's home is closed to other
 * users, and the programs and the data may be in there. A user namespace in which root is called nobody comes first; where
 * containers forbid that, the user nobody with root's right to open files.
 *
 * @returns nothing for an ordinary user; undefined if this machine has no way
 */
export function unprivileged(userId: number | undefined = process.getuid?.()): string[] | undefined {
  if (userId !== 0) return []
  return [prefix('unshare', NAMESPACE), prefix('setpriv', OTHER_USER)].find(works)
}

function prefix(program: string, options: string[]): string[] {
  return [Bun.which(program) ?? `/usr/bin/${program}`, ...options]
}

function works(command: string[]): boolean {
  try {
    return Bun.spawnSync([...command, '/bin/true'], { stdout: 'ignore', stderr: 'ignore' }).success
  } catch {
    return false
  }
}
