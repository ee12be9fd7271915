/** The user that Postgres runs as. */
export interface PostgresAccount {
  /** What to put before a command so that it runs as that user. */
  commandPrefix: string[]
  /** Whose its files are, as seen from here; unknown on a system that has no such numbers. */
  ownerUid: number | undefined
}

/** Root's data belongs to one of these, by the way that Postgres was started in. */
export const ROOT_DATA_OWNERS = [0, 65_534]

const NOBODY_UID = '65534'
const UNSHARE_OPTIONS = ['--user', `--map-user=${NOBODY_UID}`, `--map-group=${NOBODY_UID}`]
const READ_ALL_CAPABILITIES = '-all,+dac_override'
const SETPRIV_OPTIONS = [
  '--securebits=+no_setuid_fixup',
  `--reuid=${NOBODY_UID}`,
  `--regid=${NOBODY_UID}`,
  '--clear-groups',
  `--inh-caps=${READ_ALL_CAPABILITIES}`,
  `--ambient-caps=${READ_ALL_CAPABILITIES}`,
  `--bounding-set=${READ_ALL_CAPABILITIES}`,
]

/**
 * As whom Postgres runs, which refuses root and whoever has no name on this machine. An ordinary user runs it as it is.
 * Root's home is closed to other users, and the programs and the data may be in there: a user namespace in which root is called
 * nobody comes first; where containers forbid that, the user nobody with root's right to open files.
 *
 * @returns undefined if this machine has no way
 */
export function findPostgresAccount(userId: number | undefined = process.getuid?.()): PostgresAccount | undefined {
  const namespace = { commandPrefix: buildCommandPrefix('unshare', UNSHARE_OPTIONS), ownerUid: userId }
  const otherUser = { commandPrefix: buildCommandPrefix('setpriv', SETPRIV_OPTIONS), ownerUid: Number(NOBODY_UID) }
  if (userId === 0) return [namespace, otherUser].find(isUsable)
  if (userId === undefined || hasUserName(userId)) return { commandPrefix: [], ownerUid: userId }
  return isUsable(namespace) ? namespace : undefined
}

function buildCommandPrefix(program: string, options: string[]): string[] {
  return [Bun.which(program) ?? `/usr/bin/${program}`, ...options]
}

function isUsable({ commandPrefix }: PostgresAccount): boolean {
  return succeeds([...commandPrefix, '/bin/true'])
}

/** A container may run as a number that no list of users knows. */
function hasUserName(userId: number): boolean {
  return !Bun.which('id') || succeeds(['id', '-un', String(userId)])
}

function succeeds(command: string[]): boolean {
  try {
    return Bun.spawnSync(command, { stdout: 'ignore', stderr: 'ignore' }).success
  } catch {
    return false
  }
}
