import { userInfo } from 'node:os'

/** An unprivileged user. */
export interface User {
  id: number
  /** Command prefix by which root runs a command as the user. */
  prefix: string[]
}

/** A user id without an entry in the list of users. */
export const UNNAMED_USER: User = { id: 54_321, prefix: setprivCommand(54_321) }

/** Creates a named user of this machine, which is removed when it is disposed of. Needs root. */
export async function createUser(): Promise<User & AsyncDisposable> {
  const name = `darkroom-${crypto.randomUUID().slice(0, 8)}`
  runOrThrow(['useradd', '--system', '--user-group', '--no-create-home', '--shell', '/bin/false', name])
  const id = Number(runOrThrow(['id', '-u', name]))
  return { id, prefix: setprivCommand(id), [Symbol.asyncDispose]: async () => void runOrThrow(['userdel', name]) }
}

function setprivCommand(id: number): string[] {
  return ['setpriv', `--reuid=${id}`, `--regid=${id}`, '--clear-groups', '--inh-caps=-all', '--bounding-set=-all']
}

function runOrThrow(command: string[]): string {
  const done = Bun.spawnSync(command, { stdin: 'ignore' })
  if (done.success) return done.stdout.toString().trim()
  throw new Error(`${command[0]} failed as ${userInfo().username}: ${done.stderr}`)
}
