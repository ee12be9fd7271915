/** The user that Postgres runs as. */
export interface PostgresAccount {
  /** Words before a command that make it run as that user. */
  commandPrefix: string[]
  /** Owner of its files as seen from this process; undefined on systems without user ids. */
  ownerUid: number | undefined
}

/** Possible owners of root's data: root itself when Postgres runs in a user namespace, nobody when it runs by setpriv. */
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
 * Finds the user that Postgres can run as. It refuses root, and users without a name on this machine. An ordinary user runs it
 * directly. For root, a user namespace in which root is mapped to nobody is preferred, because root's home is closed to other
 * users and may contain the programs and the data. Where containers forbid namespaces, it is the user nobody with root's
 * capability to open files.
 *
 * @returns undefined if neither works on this machine
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

/** Checks that the user id has a name. A container may run as an id that is in no user database. */
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
