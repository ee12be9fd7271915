import { userInfo } from 'node:os'

/** An ordinary user. */
export interface User {
  id: number
  /** What to put before a command, as root, so that the user runs it. */
  prefix: string[]
}

/** A user that no list of users knows. */
export const NAMELESS: User = { id: 54_321, prefix: runAs(54_321) }

/** A user of this machine with a name, which is removed when it is disposed of. Needs root. */
export async function makeUser(): Promise<User & AsyncDisposable> {
  const name = `darkroom-${crypto.randomUUID().slice(0, 8)}`
  run(['useradd', '--system', '--user-group', '--no-create-home', '--shell', '/bin/false', name])
  const id = Number(run(['id', '-u', name]))
  return { id, prefix: runAs(id), [Symbol.asyncDispose]: async () => void run(['userdel', name]) }
}

function runAs(id: number): string[] {
  return ['setpriv', `--reuid=${id}`, `--regid=${id}`, '--clear-groups', '--inh-caps=-all', '--bounding-set=-all']
}

function run(command: string[]): string {
  const done = Bun.spawnSync(command, { stdin: 'ignore' })
  if (done.success) return done.stdout.toString().trim()
  throw new Error(`${command[0]} failed as ${userInfo().username}: ${done.stderr}`)
}
