import { afterAll, beforeAll, expect, test } from 'bun:test'
import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { nkeys } from 'nats'
import { startChildProcess } from '../../local/process/child-process.ts'
import { runCommand } from '../../local/process/command.ts'
import { findFreePort } from '../../local/process/free-ports.ts'
import { acceptsConnections } from '../../testing/net-proxy.ts'
import { createTestDirectory, findNatsServer } from '../../testing/test-resources.ts'
import { waitFor } from '../../testing/wait-for.ts'
import { createLog, type Log } from '../log.ts'
import type { BusAccess } from './access.ts'
import { connectBus } from './bus.ts'

/** Servers with TLS, nkeys and accounts, which those of the studio do not have. */

const WAIT_MS = 60_000
const stack = new AsyncDisposableStack()
let folder: string

beforeAll(async () => {
  folder = stack.use(await createTestDirectory()).path
})
afterAll(() => stack.disposeAsync())

test('a server whose certificate an own authority has signed is accepted with that authority, and no other', async () => {
  const [own, other] = [await createCertificates('own'), await createCertificates('other')]
  const host = await startServer(`tls { cert_file: "${own.cert}", key_file: "${own.key}" }`)
  const ca = await Bun.file(own.ca).text()
  expect(await isAccepted({ url: `tls://${host}`, ca })).toBe(true)
  expect(await isAccepted({ url: `nats://${host}`, ca })).toBe(true)
  expect(await isAccepted({ url: `tls://${host}` })).toBe(false)
  expect(await isAccepted({ url: `tls://${host}`, ca: await Bun.file(other.ca).text() })).toBe(false)
  const plain = await startServer('')
  expect(await isAccepted({ url: `nats://${plain}` })).toBe(true)
  expect(await isAccepted({ url: `tls://${plain}`, ca })).toBe(false)
})

test('an nkey is known by its seed', async () => {
  const user = nkeys.createUser()
  const host = await startServer(`authorization { users: [{ nkey: ${user.getPublicKey()} }] }`)
  expect(await isAccepted({ url: `nats://${host}`, nkey: readSeed(user) })).toBe(true)
  expect(await isAccepted({ url: `nats://${host}`, nkey: readSeed(nkeys.createUser()) })).toBe(false)
  expect(await isAccepted({ url: `nats://${host}` })).toBe(false)
})

test('credentials name a user of an account', async () => {
  const [operator, system, account] = [nkeys.createOperator(), nkeys.createAccount(), nkeys.createAccount()]
  const unlimited = { subs: -1, data: -1, payload: -1, conn: -1, leaf: -1, imports: -1, exports: -1, wildcards: true }
  const limits = { ...unlimited, mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 }
  const operatorJwt = signClaims(operator, operator, { type: 'operator', version: 2 })
  const accounts = [
    [system, signClaims(operator, system, { type: 'account', version: 2, limits: unlimited })],
    [account, signClaims(operator, account, { type: 'account', version: 2, limits })],
  ] as const
  const preload = accounts.map(([key, jwt]) => `${key.getPublicKey()}: ${jwt}`)
  const host = await startServer(
    `operator: ${operatorJwt}\nsystem_account: ${system.getPublicKey()}\nresolver: MEMORY\nresolver_preload { ${preload.join('\n')} }`,
  )
  const user = nkeys.createUser()
  expect(await isAccepted({ url: `nats://${host}`, creds: formatCreds(account, user) })).toBe(true)
  expect(await isAccepted({ url: `nats://${host}`, creds: formatCreds(nkeys.createAccount(), user) })).toBe(false)
})

/** Starts a server with JetStream and a configuration. @returns its host and port */
async function startServer(config: string): Promise<string> {
  const port = await findFreePort()
  const name = `server-${port}`
  const file = join(folder, `${name}.conf`)
  const store = join(folder, name)
  await writeFile(file, `listen: "127.0.0.1:${port}"\njetstream { store_dir: "${store}" }\n${config}\n`)
  const child = startChildProcess({
    command: [findNatsServer(), '--config', file],
    env: {},
    output: { file: `${store}.log` },
    stopSignal: 'SIGTERM',
  })
  stack.defer(() => child.stop(WAIT_MS))
  await waitFor(name, WAIT_MS, async () => {
    if (!child.isRunning()) throw new Error(await Bun.file(`${store}.log`).text())
    return await acceptsConnections(port)
  })
  return `127.0.0.1:${port}`
}

/** Returns whether a server accepts this client: it connects, or says that it could not. */
async function isAccepted(access: BusAccess): Promise<boolean> {
  const refused = Promise.withResolvers<void>()
  const log: Log = Object.assign(createLog({ service: 'test', level: 'silent' }), { warn: () => refused.resolve() })
  const bus = connectBus({ ...access, name: 'test', log })
  await Promise.race([bus.connected, refused.promise])
  const isConnected = bus.isConnected()
  await bus.close()
  return isConnected
}

/** Creates an authority, and a certificate of a server on loopback that it has signed. @returns files */
async function createCertificates(name: string): Promise<{ ca: string; cert: string; key: string }> {
  const file = (ending: string) => join(folder, `${name}.${ending}`)
  const [ca, caKey, cert, key, names] = [file('ca'), file('ca-key'), file('cert'), file('key'), file('names')]
  await writeFile(names, 'subjectAltName=IP:127.0.0.1')
  const openssl = (text: string) =>
    runCommand(['openssl', ...text.split(' ')], { signal: AbortSignal.timeout(WAIT_MS) })
  const newKey = '-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes'
  await openssl(`req -x509 ${newKey} -keyout ${caKey} -out ${ca} -days 2 -subj /CN=${name}`)
  await openssl(`req ${newKey} -keyout ${key} -out ${cert}.csr -subj /CN=server`)
  await openssl(
    `x509 -req -in ${cert}.csr -CA ${ca} -CAkey ${caKey} -CAcreateserial -out ${cert} -days 2 -extfile ${names}`,
  )
  await chmod(key, 0o600)
  return { ca, cert, key }
}

type KeyPair = ReturnType<typeof nkeys.createUser>

function readSeed(pair: KeyPair): string {
  return new TextDecoder().decode(pair.getSeed())
}

/** Signs claims about a key as the servers read them. @see https://docs.nats.io/running-a-nats-service/configuration/securing_nats/jwt */
function signClaims(issuer: KeyPair, subject: KeyPair, nats: Record<string, unknown>): string {
  const encode = (value: string | Uint8Array) => Buffer.from(value).toString('base64url')
  const claims = { jti: crypto.randomUUID(), iat: 1, iss: issuer.getPublicKey(), sub: subject.getPublicKey(), nats }
  const signed = `${encode(JSON.stringify({ typ: 'JWT', alg: 'ed25519-nkey' }))}.${encode(JSON.stringify(claims))}`
  return `${signed}.${encode(issuer.sign(new TextEncoder().encode(signed)))}`
}

/** Returns the text of a `.creds` file. */
function formatCreds(account: KeyPair, user: KeyPair): string {
  const jwt = signClaims(account, user, { type: 'user', version: 2, subs: -1, data: -1, payload: -1 })
  return `-----BEGIN NATS USER JWT-----\n${jwt}\n------END NATS USER JWT------\n
-----BEGIN USER NKEY SEED-----\n${readSeed(user)}\n------END USER NKEY SEED------\n`
}
