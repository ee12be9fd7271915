/** An event as a client received it: a block of the stream, with or without an id, with or without data. */
export interface ReceivedEvent {
  name: string | undefined
  id: string | undefined
  data: string
}

/** Generation of an event. */
export type ReceivedGeneration = { id: string; version: number }

/** Checks the events of one connection, as they come. */
export interface ReceivedCheck {
  /**
   * Checks the next event. One that the bus was late with has no id: its position follows later, as a block without data.
   *
   * @param generation that of an event `generation`
   * @returns the violations: a position before the last one; a version before the last one of its generation; and one that came twice
   *   with its data, although the client was not told to read everything again
   */
  receive(event: Pick<ReceivedEvent, 'name' | 'id'>, generation?: ReceivedGeneration): string[]
}

export function createReceivedCheck(): ReceivedCheck {
  const versions = new Map<string, { version: number; isRead: boolean }>()
  let position: string | undefined
  const checkPosition = (id: string | undefined) => {
    const before = position
    position = id ?? before
    if (id === undefined || before === undefined || comparePositions(id, before) >= 0) return []
    return [`position ${id} after ${before}`]
  }
  const checkVersion = ({ id, version }: ReceivedGeneration) => {
    const before = versions.get(id) ?? { version: 0, isRead: false }
    versions.set(id, { version, isRead: false })
    const isLater = before.isRead ? version >= before.version : version > before.version
    return isLater ? [] : [`version ${version} of ${id} after version ${before.version}`]
  }
  return {
    receive: ({ name, id }, generation) => {
      if (name === 'resync') for (const [key, { version }] of versions) versions.set(key, { version, isRead: true })
      return [...checkPosition(id), ...(generation ? checkVersion(generation) : [])]
    },
  }
}

/** Checks all events of one connection. @returns the violations */
export function checkReceivedEvents(events: readonly ReceivedEvent[]): string[] {
  const check = createReceivedCheck()
  return events.flatMap(event =>
    check.receive(event, event.name === 'generation' ? (JSON.parse(event.data) as ReceivedGeneration) : undefined),
  )
}

function comparePositions(one: string, other: string): number {
  const [[epoch = 0, sequence = 0] = [], [otherEpoch = 0, otherSequence = 0] = []] = [one, other].map(id =>
    id.split('.').map(Number),
  )
  return epoch - otherEpoch || sequence - otherSequence
}
