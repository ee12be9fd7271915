import { SERVICES } from '@darkroom/contracts/routes'
import type postgres from 'postgres'
import { withConnection } from '../../src/database/with-connection.ts'
import type { CheckResult } from './checks.ts'

interface Session {
  name: string
  user: string
  isOwner: boolean
}

const CONNECTION_LIMITS = { connect: 4, end: 1 }
const HELP = 'docs/operations.md, "Roles in the database", says how to give each a role of its own.'

/** Reports the role that each running service uses the database as. @param url of the database for its owner; absent where it is not known */
export async function checkRoles(url: string | undefined): Promise<CheckResult> {
  if (url === undefined) return { status: 'note', detail: 'unknown while the studio is stopped' }
  const sessions = await readSessions(url).catch(() => undefined)
  if (!sessions) return { status: 'note', detail: 'unknown: the database cannot be asked' }
  return describeSessions(sessions)
}

/** Describes who uses the database as whom. */
export function describeSessions(sessions: readonly Session[]): CheckResult {
  const found = SERVICES.flatMap(service => sessions.filter(({ name }) => name === `darkroom-${service}`))
  if (found.length === 0) return { status: 'good', detail: 'no service is connected' }
  const names = found.map(({ name, user }) => `${name.replace('darkroom-', '')} is ${user}`).join(', ')
  const owners = found.filter(({ isOwner }) => isOwner)
  if (owners.length === 0) return { status: 'good', detail: names }
  return { status: 'note', detail: `${names}: more than a service needs`, advice: HELP }
}

async function readSessions(url: string): Promise<Session[]> {
  const names = SERVICES.map(service => `darkroom-${service}`)
  const read = (sql: postgres.Sql) => sql<Session[]>`
    select distinct a.application_name as name, r.rolname::text as user,
      r.rolsuper or r.rolname = current_user as "isOwner"
    from pg_stat_activity a join pg_roles r on r.oid = a.usesysid
    where a.datname = current_database() and a.application_name = any(${names})
    order by 1, 2`
  return await withConnection(url, read, CONNECTION_LIMITS)
}
