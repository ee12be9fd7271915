import type { Service } from '@darkroom/contracts/routes'
import type postgres from 'postgres'
import { readErrorCode } from '../runtime/error-code.ts'
import { applyRoleGrants, type GrantTarget, quoteName, restrictPublic } from './apply-role-grants.ts'
import { SCHEMA_LOCK_ID } from './migrations.ts'
import { createScramVerifier } from './scram.ts'
import { withConnection } from './with-connection.ts'

/** The role that a service is to connect as. */
export interface RequestedRole {
  service: Service
  user: string
  /** Absent: the role is granted its rights if it exists, and is neither created nor given a password. */
  password?: string
  /** Whether the user and the password are of this studio's own making. Else an operator has named them. */
  isOwn: boolean
}

/** A role after its preparation. */
export interface PreparedRole {
  service: Service
  user: string
  /** The reason why the service cannot connect as the role: the end of a sentence. Absent where it can. */
  problem?: string
}

/** Marks the roles that Darkroom has created: it changes the password of no other one. */
const MARK = 'Created by Darkroom for one of its services'
const MAX_NAME_BYTES = 63
const WRONG_PASSWORD_CODES = ['28P01', '28000']
const NOT_ALLOWED_CODE = '42501'

/** Returns the name of a service's role. Roles belong to a whole server, so that it has the name of the database. */
export function nameRole(service: Service, database: string): string {
  const suffix = `_${service}`
  const name = `${database}${suffix}`
  if (Buffer.byteLength(name) <= MAX_NAME_BYTES) return name
  const digest = new Bun.CryptoHasher('sha256').update(database).digest('hex').slice(0, 32)
  return `darkroom_${digest}${suffix}`
}

/** Returns the URL of a database for another user. */
export function withUser(url: string, user: string, password: string): string {
  return Object.assign(new URL(url), { username: encodeURIComponent(user), password: encodeURIComponent(password) })
    .href
}

/**
 * Creates the roles that do not exist, grants each what its service needs on the tables that there are, and checks that it can log in.
 * To be run after each migration. Any number of calls may overlap: they take turns.
 *
 * @param options `url` of the database for the owner of the tables
 * @returns the roles in the order given; one that could not be prepared has a problem, which is no error
 */
export async function prepareRoles(options: {
  url: string
  roles: readonly RequestedRole[]
  signal?: AbortSignal | undefined
}): Promise<PreparedRole[]> {
  const { url, roles, signal } = options
  const prepared = await withConnection(url, sql =>
    sql.begin(async tx => {
      await tx`select pg_advisory_xact_lock(${SCHEMA_LOCK_ID}::bigint)`
      const target = await readTarget(tx)
      await restrictPublic(tx, target)
      const results: PreparedRole[] = []
      for (const role of roles) {
        signal?.throwIfAborted()
        results.push(await prepareRole(tx, { url, role, target }))
      }
      return results
    }),
  )
  return await Promise.all(prepared.map((result, at) => verifyLogin(url, result, roles[at]?.password)))
}

interface RoleContext {
  url: string
  role: RequestedRole
  target: GrantTarget
}

async function prepareRole(tx: postgres.TransactionSql, context: RoleContext): Promise<PreparedRole> {
  const { role, target } = context
  const result = { service: role.service, user: role.user }
  if (role.user === target.owner) return { ...result, problem: `${role.user} owns the tables` }
  try {
    const problem = await tx.savepoint(async inner => {
      const found = await ensureRole(inner, context)
      if (found === undefined) await applyRoleGrants(inner, { ...role, target })
      return found
    })
    return problem === undefined ? result : { ...result, problem }
  } catch (error) {
    if (readErrorCode(error) !== NOT_ALLOWED_CODE) throw error
    return { ...result, problem: `${target.owner} may not create or change the role ${role.user}` }
  }
}

/** Creates the role, or corrects its password. @returns the reason why it cannot be used */
async function ensureRole(
  tx: postgres.TransactionSql,
  { url, role, target }: RoleContext,
): Promise<string | undefined> {
  const { user, password, isOwn } = role
  const [existing] = await tx<{ isMarked: boolean; isInUse: boolean }[]>`
    select coalesce(shobj_description(oid, 'pg_authid') = ${MARK}, false) as "isMarked",
      exists (select from pg_stat_activity where usesysid = r.oid) as "isInUse"
    from pg_roles r where rolname = ${user}`
  if (password === undefined) return existing ? undefined : 'is not there'
  if (!existing) {
    if (!target.canCreateRoles) return `${target.owner} may not create roles`
    await createRole(tx, user, password)
    return undefined
  }
  if (!existing.isMarked) return isOwn ? `there is a role ${user} that Darkroom has not created` : undefined
  if (isOwn) await resetSettings(tx, user, target.database)
  if (!(await isPasswordWrong(withUser(url, user, password)))) return undefined
  // Another host has given it a password of its own, and its services would lose their connections.
  if (isOwn && existing.isInUse) return `another host uses ${user} with another password`
  await tx.unsafe(`alter role ${quoteName(user)} password '${createScramVerifier(password)}'`)
  return undefined
}

/** Takes back what a service has set for its own role, as every role may. */
async function resetSettings(tx: postgres.TransactionSql, user: string, database: string): Promise<void> {
  await tx.unsafe(`alter role ${quoteName(user)} reset all`)
  await tx.unsafe(`alter role ${quoteName(user)} in database ${quoteName(database)} reset all`)
}

async function createRole(tx: postgres.TransactionSql, user: string, password: string): Promise<void> {
  const name = quoteName(user)
  await tx.unsafe(`create role ${name} login noinherit password '${createScramVerifier(password)}'`)
  await tx.unsafe(`comment on role ${name} is '${MARK}'`)
}

async function readTarget(tx: postgres.TransactionSql): Promise<GrantTarget> {
  const [target] = await tx<GrantTarget[]>`
    select current_user::text as owner, current_database()::text as database, current_schema()::text as schema,
      rolsuper as "isSuperuser", rolsuper or rolcreaterole as "canCreateRoles"
    from pg_roles where rolname = current_user`
  if (!target) throw new Error('the current user is no role')
  return target
}

async function isPasswordWrong(url: string): Promise<boolean> {
  const code = await withConnection(url, sql => sql`select 1`).then(() => undefined, readErrorCode)
  return code !== undefined && WRONG_PASSWORD_CODES.includes(code)
}

/** Checks that the role can log in, and that the session is its own: a pooler may connect as another user. */
async function verifyLogin(url: string, result: PreparedRole, password: string | undefined): Promise<PreparedRole> {
  if (result.problem !== undefined || password === undefined) return result
  try {
    const [row] = await withConnection(
      withUser(url, result.user, password),
      sql => sql<{ user: string }[]>`select session_user::text as user`,
    )
    return row?.user === result.user ? result : { ...result, problem: `a pooler connects as ${row?.user} instead` }
  } catch (error) {
    return { ...result, problem: `${result.user} cannot log in (${readErrorCode(error) ?? 'no connection'})` }
  }
}
