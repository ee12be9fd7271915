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

/** Start of the configuration of the server in compose. Its passwords are in the environment. */
const DEPLOYED = `# Bus of a studio on a server, for nats-server 2.12.3 or newer. Made by \`bun run docs\` from infra/src/bus/permissions.ts.
# Compose sets the passwords in the environment.

server_name: darkroom
listen: "0.0.0.0:4222"

jetstream {
  store_dir: "/data"
  max_memory_store: 64MB
  max_file_store: 1GB
  # Syncs a message to disk before it is acknowledged. Without this, a power cut loses up to two minutes of messages.
  sync_interval: always
}

`

/** Returns the configuration of the server in compose. It has the users of the services, and no other. */
export function formatDeployedConfig(): string {
  const passwords = SERVICES.map(service => [service, `$NATS_PASSWORD_${service.toUpperCase()}`] as const)
  return DEPLOYED + formatServerConfig(Object.fromEntries(passwords))
}

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
