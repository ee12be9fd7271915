/** The user that Postgres runs as. */
export interface Account {
  /** What to put before a command so that it runs as that user. */
  prefix: string[]
  /** Whose its files are, as seen from here; unknown on a system that has no such numbers. */
  owner: number | undefined
}

/** Root's data belongs to one of these, by the way that Postgres was started in. */
export const ROOTS_OWNERS = [0, 65_534]

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
 * As whom Postgres runs, which refuses root and whoever has no name on this machine. An ordinary user runs it as it is.
 * Root's home is closed to other users, and the programs and the data may be in there: a user namespace in which root is called
 * nobody comes first; where containers forbid that, the user nobody with root's right to open files.
 *
 * @returns undefined if this machine has no way
 */
export function postgresAccount(userId: number | undefined = process.getuid?.()): Account | undefined {
  const namespace = { prefix: prefix('unshare', NAMESPACE), owner: userId }
  const otherUser = { prefix: prefix('setpriv', OTHER_USER), owner: Number(NOBODY) }
  if (userId === 0) return [namespace, otherUser].find(works)
  if (userId === undefined || isNamed(userId)) return { prefix: [], owner: userId }
  return works(namespace) ? namespace : undefined
}

function prefix(program: string, options: string[]): string[] {
  return [Bun.which(program) ?? `/usr/bin/${program}`, ...options]
}

function works({ prefix }: Account): boolean {
  return succeeds([...prefix, '/bin/true'])
}

/** A container may run as a number that no list of users knows. */
function isNamed(userId: number): boolean {
  return !Bun.which('id') || succeeds(['id', '-un', String(userId)])
}

function succeeds(command: string[]): boolean {
  try {
    return Bun.spawnSync(command, { stdout: 'ignore', stderr: 'ignore' }).success
  } catch {
    return false
  }
}
