import { type ConnectionOptions, credsAuthenticator, nkeyAuthenticator } from 'nats'
import { splitBusUrls } from './bus-urls.ts'

/** Servers of the bus, and the identity of a client there. */
export interface BusAccess {
  /** Addresses of the servers of one cluster, by commas: `nats://user:password@one:4222,nats://two:4222`. */
  url: string
  /** Certificates of the authorities that sign the servers', as PEM. Those of the system unless given. */
  ca?: string | undefined
  /** Credentials of a user of an account: the text of a `.creds` file. */
  creds?: string | undefined
  /** Seed of an nkey, as `SU…`. */
  nkey?: string | undefined
}

type AccessOptions = Pick<ConnectionOptions, 'servers' | 'user' | 'pass' | 'tls' | 'authenticator'>

/**
 * Returns the options of a connection. The user is that of the first address that has one; a client that is `tls:` anywhere accepts no
 * server without TLS.
 *
 * @see https://docs.nats.io/using-nats/developer/connecting
 */
export function toAccessOptions({ url, ca, creds, nkey }: BusAccess): AccessOptions {
  const urls = splitBusUrls(url)
  const { username = '', password = '' } = urls.find(({ username }) => username !== '') ?? {}
  const encoder = new TextEncoder()
  return {
    servers: urls.map(({ host }) => host),
    ...(username ? { user: decodeURIComponent(username), pass: decodeURIComponent(password) } : {}),
    ...(creds ? { authenticator: credsAuthenticator(encoder.encode(creds)) } : {}),
    ...(nkey ? { authenticator: nkeyAuthenticator(encoder.encode(nkey)) } : {}),
    ...(ca || urls.some(({ protocol }) => protocol === 'tls:') ? { tls: ca ? { ca } : {} } : {}),
  }
}
