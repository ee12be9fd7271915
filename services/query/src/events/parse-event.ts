import { ConnectionChanged, GenerationChanged, ModelsChanged } from '@darkroom/contracts/events'
import { CONNECTIONS_SUBJECT, parseWorkspaceId } from '@darkroom/contracts/subjects'
import type { Notice } from './event.ts'
import type { Change } from './replay-buffer.ts'

interface ReceivedEvent {
  subject: string
  data: unknown
}

/** Returns the change of a generation that a message is about; undefined if it is about something else. */
export function parseChange(event: ReceivedEvent, sequence: number): Change | undefined {
  const workspaceId = parseWorkspaceId(event.subject)
  const message = GenerationChanged.safeParse(event.data)
  return workspaceId && message.success ? { sequence, workspaceId, id: message.data.id } : undefined
}

/** Returns the change of a connection or of the list of models that a message is about. */
export function parseNotice(event: ReceivedEvent): Notice | undefined {
  if (event.subject !== CONNECTIONS_SUBJECT) return undefined
  const connection = ConnectionChanged.safeParse(event.data)
  if (connection.success) return { kind: 'connection', id: connection.data.id }
  const models = ModelsChanged.safeParse(event.data)
  return models.success ? { kind: 'models', id: models.data.id } : undefined
}
