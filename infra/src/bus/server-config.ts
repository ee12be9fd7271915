import { SERVICES, type Service } from '@darkroom/contracts/routes'
import { BUS_PERMISSIONS, type BusPermissions } from './permissions.ts'

/** User of a NATS server: of a service, or `admin`, who may do everything: the launcher, its commands and tests. */
export type BusUser = Service | 'admin'

/**
 * Limits of a connection to the bus. Messages are ids, so none is near them: a client that exceeds one is faulty.
 *
 * @see https://docs.nats.io/running-a-nats-service/configuration#connectivity
 */
const LIMITS = `# A message is an id. Beyond these a client is faulty, and only its own connection is closed.
max_payload: 64KB
max_connections: 256
max_subscriptions: 256
max_pending: 8MB
write_deadline: "10s"
`

/** Returns the limits and the users of a NATS server as text of its configuration. @param passwords each as it is written there */
export function formatServerConfig(passwords: Readonly<Partial<Record<BusUser, string>>>): string {
  const users = [
    ...('admin' in passwords ? [`    { user: admin, password: ${passwords.admin} }\n`] : []),
    ...SERVICES.flatMap(service => {
      const password = passwords[service]
      return password === undefined ? [] : [formatUser(service, password, BUS_PERMISSIONS[service])]
    }),
  ]
  return `${LIMITS}\nauthorization {\n  users: [\n${users.join('')}  ]\n}\n`
}

function formatUser(user: Service, password: string, { publish, subscribe }: BusPermissions): string {
  const deny = publish.deny.length > 0 ? `, deny: ${formatList(publish.deny)}` : ''
  return (
    `    { user: ${user}, password: ${password}, permissions: {\n` +
    `      publish: { allow: ${formatList(publish.allow)}${deny} }\n` +
    `      subscribe: { allow: ${formatList(subscribe.allow)} }\n    } }\n`
  )
}

function formatList(subjects: readonly string[]): string {
  return `[\n${subjects.map(subject => `        ${JSON.stringify(subject)}\n`).join('')}      ]`
}
