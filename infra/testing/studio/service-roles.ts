import { SERVICES, type Service } from '@darkroom/contracts/routes'
import { type Database, openDatabase } from '../../src/database/connection.ts'
import { nameRole, prepareRoles, withUser } from '../../src/database/roles.ts'
import { createLog } from '../../src/log.ts'

const PASSWORD = 'password of the tests'

/**
 * Creates a role for each service in a migrated database, so that whatever a test has a service do also shows that its role may do it.
 *
 * @param ownerUrl the database for its owner
 * @param urlThrough returns an address of the same database behind something else
 * @returns the URL of each service
 */
export async function createServiceUrls(
  ownerUrl: string,
  urlThrough = (url: string) => url,
): Promise<Record<Service, string>> {
  const database = new URL(ownerUrl).pathname.slice(1)
  const roles = SERVICES.map(service => ({
    service,
    user: nameRole(service, database),
    password: PASSWORD,
    isOwn: true,
  }))
  for (const { user, problem } of await prepareRoles({ url: ownerUrl, roles }))
    if (problem !== undefined) throw new Error(`${user}: ${problem}`)
  const entries = roles.map(({ service, user }) => [service, urlThrough(withUser(ownerUrl, user, PASSWORD))])
  return Object.fromEntries(entries)
}

/** Opens a migrated database as the role of a service. */
export async function openServiceDatabase(ownerUrl: string, service: Service): Promise<Database> {
  const url = (await createServiceUrls(ownerUrl))[service]
  return openDatabase({ url, name: `test-${service}`, log: createLog({ service: 'test', level: 'silent' }) })
}
