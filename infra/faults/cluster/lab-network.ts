/** A host of the lab: a network namespace with one address. */
export interface LabHost {
  readonly name: string
  readonly address: string
  /** Prefix of a command that runs on the host, under its name. */
  readonly commandPrefix: readonly string[]
}

/** Hosts on one machine, and the network between them. */
export interface LabNetwork {
  /** Address of the lab itself, where the tests run. */
  readonly address: string
  /** Adds a host. */
  addHost(name: string): Promise<LabHost>
  /** Has all packets between two hosts vanish, without an error at either. @param other the lab itself unless given */
  cut(host: LabHost, other?: LabHost): Promise<void>
  /** Has everything that a host sends and receives vanish, as when it loses its power. */
  isolate(host: LabHost): Promise<void>
  /** Returns the addresses that a process of a host is connected to. */
  listPeers(host: LabHost, pid: number): Promise<string[]>
  /** Ends every fault. */
  restore(): Promise<void>
}

const BRIDGE = 'lab'
const PREFIX = '10.77.0'
const LAB_ADDRESS = `${PREFIX}.254`
/** No host has this hardware address: a packet to it arrives nowhere. */
const NOBODY = '02:00:00:00:00:fe'

/**
 * Opens the network of the lab in the network namespace of this process, which must be one of its own: `unshare --net --mount`. It ends
 * with the namespace.
 *
 * @throws Error with the output of the command that failed
 */
export async function openLabNetwork(): Promise<LabNetwork> {
  await run(['ip', 'link', 'add', BRIDGE, 'type', 'bridge'])
  await run(['ip', 'address', 'add', `${LAB_ADDRESS}/24`, 'dev', BRIDGE])
  await run(['ip', 'link', 'set', BRIDGE, 'up'])
  const hosts: LabHost[] = []
  /** Commands that end the faults. */
  const undo: (readonly string[])[] = []
  /** A neighbour that is known for ever is not asked for: packets to it go to nobody. */
  const loseNeighbour = async (inside: readonly string[], device: string, address: string) => {
    await run([...inside, 'ip', 'neigh', 'replace', address, 'lladdr', NOBODY, 'nud', 'permanent', 'dev', device])
    undo.push([...inside, 'ip', 'neigh', 'del', address, 'dev', device])
  }
  return {
    address: LAB_ADDRESS,
    addHost: async name => {
      const host = await addHost(name, `${PREFIX}.${hosts.length + 1}`)
      hosts.push(host)
      return host
    },
    cut: async (host, other) => {
      await loseNeighbour(inNamespace(host.name), 'eth0', other?.address ?? LAB_ADDRESS)
      if (other) await loseNeighbour(inNamespace(other.name), 'eth0', host.address)
      else await loseNeighbour([], BRIDGE, host.address)
    },
    isolate: async host => {
      await run(['ip', 'link', 'set', `lab-${host.name}`, 'down'])
      undo.push(['ip', 'link', 'set', `lab-${host.name}`, 'up'])
    },
    listPeers: async (host, pid) => {
      const lines = (await run([...inNamespace(host.name), 'ss', '-Htnp', 'state', 'established'])).split('\n')
      const own = lines.filter(line => line.includes(`pid=${pid},`))
      // Columns: queues, own address, peer, process.
      return [...new Set(own.flatMap(line => /^\S+\s+\S+\s+\S+\s+(?:\[::ffff:)?([\d.]+)/.exec(line.trim())?.[1] ?? []))]
    },
    restore: async () => {
      for (const command of undo.splice(0)) await run(command)
    },
  }
}

async function addHost(name: string, address: string): Promise<LabHost> {
  const inside = inNamespace(name)
  await run(['ip', 'netns', 'add', name])
  await run(['ip', 'link', 'add', `lab-${name}`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name])
  await run(['ip', 'link', 'set', `lab-${name}`, 'master', BRIDGE, 'up'])
  await run([...inside, 'ip', 'link', 'set', 'lo', 'up'])
  await run([...inside, 'ip', 'address', 'add', `${address}/24`, 'dev', 'eth0'])
  await run([...inside, 'ip', 'link', 'set', 'eth0', 'up'])
  const named = ['unshare', '--uts', '/bin/sh', '-c', `hostname ${name} && exec "$@"`, 'sh']
  return { name, address, commandPrefix: [...inside, ...named] }
}

function inNamespace(name: string): string[] {
  return ['ip', 'netns', 'exec', name]
}

/** @returns the output. @throws Error with what was written to the standard error when the command fails */
async function run(command: readonly string[]): Promise<string> {
  const child = Bun.spawn([...command], { stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' })
  const [output, errors] = await Promise.all([child.stdout.text(), child.stderr.text()])
  if ((await child.exited) !== 0) throw new Error(`${command.join(' ')}: ${errors.trim()}`)
  return output
}
