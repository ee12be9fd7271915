import { createHmac } from 'node:crypto'
import { join } from 'node:path'
import { SERVICES, type Service } from '@darkroom/contracts/routes'
import { type Config, DATABASE_URL_KEYS } from '../../src/config.ts'
import { nameRole, type PreparedRole, prepareRoles, type RequestedRole, withUser } from '../../src/database/roles.ts'
import { readOrCreateSecret } from '../launch/secret.ts'

const SECRET_FILE = 'database-roles'
const HELP = 'docs/operations.md, "Roles in the database", says what to do.'

export interface RoleOptions {
  config: Pick<Config, 'DATABASE_URL_INGEST' | 'DATABASE_URL_PROCESSOR' | 'DATABASE_URL_QUERY'>
  /** URL of the database for the owner of its tables. */
  url: string
  onMessage: (line: string) => void
  signal?: AbortSignal
}

/**
 * Prepares a role for each service: that of its `DATABASE_URL_…`, else one of the launcher's own, whose password is derived from a
 * secret in the data directory. Where that is not possible, the service is given the owner's URL, and a message says so.
 *
 * @returns the URL that each service connects with
 */
export async function prepareServiceDatabases(options: RoleOptions & { dataDir: string }): Promise<ServiceUrls> {
  const { config, url, onMessage } = options
  const secret = await readOrCreateSecret(join(options.dataDir, SECRET_FILE))
  const roles = SERVICES.map(service => requestRole(service, options, derivePassword(secret, service)))
  const prepared = await prepareRoles({ url, roles, signal: options.signal })
  const entries = prepared.map(({ service, user, problem }, at): [Service, string] => {
    const given = findServiceUrl(config, service)
    if (problem !== undefined) onMessage(formatWarning({ service, user, problem }, given !== undefined))
    const own = problem === undefined ? withUser(url, user, roles[at]?.password ?? '') : url
    return [service, given ?? own]
  })
  return Object.fromEntries(entries) as ServiceUrls
}

/**
 * Grants the roles of the services what new tables need, after a migration beside the launcher. The roles of `DATABASE_URL_…` are
 * created if they are missing; those of a launcher are only granted their rights.
 */
export async function renewServiceRoles(options: RoleOptions): Promise<void> {
  const roles = SERVICES.map(service => requestRole(service, options, undefined))
  const prepared = await prepareRoles({ url: options.url, roles })
  for (const role of prepared) {
    if (role.problem !== undefined && findServiceUrl(options.config, role.service) !== undefined)
      options.onMessage(formatWarning(role, true))
  }
}

/** The URL of the database for each service. */
export type ServiceUrls = Record<Service, string>

function requestRole(
  service: Service,
  { config, url }: Pick<RoleOptions, 'config' | 'url'>,
  ownPassword: string | undefined,
): RequestedRole {
  const given = findServiceUrl(config, service)
  if (given !== undefined) {
    const { username, password } = new URL(given)
    return { service, user: decodeURIComponent(username), password: decodeURIComponent(password), isOwn: false }
  }
  const user = nameRole(service, decodeURIComponent(new URL(url).pathname.slice(1)))
  return { service, user, isOwn: true, ...(ownPassword === undefined ? {} : { password: ownPassword }) }
}

function findServiceUrl(config: RoleOptions['config'], service: Service): string | undefined {
  return config[DATABASE_URL_KEYS[service]]
}

function derivePassword(secret: string, service: Service): string {
  return createHmac('sha256', secret).update(service).digest('hex')
}

function formatWarning({ service, problem }: PreparedRole, isGiven: boolean): string {
  return isGiven
    ? `The role of ${service} was left as it is: ${problem}. ${HELP}`
    : `${service} uses the database as its owner: ${problem}. ${HELP}`
}
