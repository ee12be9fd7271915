import type { Connection } from '@darkroom/contracts/connection'
import { isMadeInStudio, KIND_INFO } from '@darkroom/contracts/connection-kinds'
import type { Model } from '@darkroom/contracts/model'
import { createSignal, onCleanup, Show, untrack } from 'solid-js'
import { describeProblem } from '../../request-error.ts'
import { Icon } from '../../ui/icons.tsx'
import { type ConnectionForm, type FormProblem, fillForm, findProblems, toConnectionChange } from './connection-form.ts'
import type { ConnectionsApi } from './connections-api.ts'
import { DialectFields } from './fields/dialect-fields.tsx'
import { FailoverField } from './fields/failover-field.tsx'
import { LimitFields } from './fields/limit-fields.tsx'
import { TextField } from './fields/text-field.tsx'
import { Panel } from './panel.tsx'

interface EditPanelProps {
  api: Pick<ConnectionsApi, 'change'>
  models: readonly Model[]
  /** The connection as it was when the panel was opened. Events about it do not change what is typed. */
  connection: Connection
  /** Whether the key takes the focus. */
  isKeyFirst: boolean
  onChanged: (connection: Connection) => void
  onClose: () => void
}

interface FormFieldsProps {
  connection: Connection
  models: readonly Model[]
  form: ConnectionForm
  setForm: (change: Partial<ConnectionForm>) => void
  problemOf: (field: FormProblem['field']) => string | undefined
}

/** The panel that changes a connection: only limits and budgets of one that comes from the environment. */
export function EditPanel(props: EditPanelProps) {
  const { isKeyFirst } = props
  // As it was when the panel was opened: what changes meanwhile does not change what is typed.
  const connection = untrack(() => props.connection)
  const [form, setForm] = createSignal(fillForm(connection))
  const [problems, setProblems] = createSignal<readonly FormProblem[]>([])
  const [refusal, setRefusal] = createSignal<string | null>(null)
  const [isSending, setSending] = createSignal(false)
  onCleanup(() => update({ key: '' }))

  const update = (change: Partial<ConnectionForm>) => {
    setForm(before => ({ ...before, ...change }))
    if (problems().length > 0) setProblems(findProblems(form(), connection))
  }

  async function save(event: SubmitEvent) {
    event.preventDefault()
    const element = event.currentTarget as HTMLFormElement
    setProblems(findProblems(form(), connection))
    if (problems().length > 0) return element.querySelector<HTMLElement>('[aria-invalid=true]')?.focus()
    setSending(true)
    setRefusal(null)
    try {
      const change = toConnectionChange(form(), connection)
      if (Object.keys(change).length > 0) props.onChanged(await props.api.change(connection.id, change))
      props.onClose()
    } catch (error) {
      setRefusal(describeProblem(error))
    } finally {
      setSending(false)
    }
  }

  const fields = {
    connection,
    get models() {
      return props.models
    },
    get form() {
      return form()
    },
    setForm: update,
    problemOf: (field: FormProblem['field']) => problems().find(problem => problem.field === field)?.message,
  }
  return (
    <Panel title={connection.name} isFocusElsewhere={isKeyFirst && !connection.locked} onClose={props.onClose}>
      <form class="panel-form" aria-label={`Change ${connection.name}`} onSubmit={save}>
        <Show
          when={!connection.locked}
          fallback={
            <p class="field-note">
              It comes from {connection.variable ?? 'the studio'}: its key and address are changed there.
            </p>
          }
        >
          <AccountFields {...fields} isKeyFirst={isKeyFirst} />
        </Show>
        <MeteredFields {...fields} />
        <Show when={connection.kind === 'openai-compatible' && !connection.locked}>
          <DialectFields dialect={form().dialect} onChange={dialect => update({ dialect })} />
        </Show>
        <p class="field-note" role="alert" data-problem="true">
          {refusal()}
        </p>
        <div class="settings-buttons">
          <button type="submit" class="solid" disabled={isSending()}>
            Save
          </button>
          <button type="button" class="soft" onClick={() => props.onClose()}>
            Cancel
          </button>
        </div>
      </form>
    </Panel>
  )
}

function AccountFields(props: FormFieldsProps & { isKeyFirst: boolean }) {
  const info = () => KIND_INFO[props.connection.kind]
  return (
    <>
      <Show when={info().key !== 'none'}>
        <TextField
          label={props.connection.key === 'none' ? 'API key' : 'New API key'}
          type="password"
          value={props.form.key}
          placeholder={props.connection.key === 'stored' ? 'unchanged' : ''}
          icon={<Icon name="key" />}
          note="Kept encrypted on this machine, never shown again."
          problem={props.problemOf('key')}
          onInput={key => props.setForm({ key })}
          onMount={field => props.isKeyFirst && queueMicrotask(() => field.focus({ preventScroll: true }))}
        />
      </Show>
      <TextField label="Name" value={props.form.name} onInput={name => props.setForm({ name })} />
      <Show when={info().where !== 'machine'}>
        <TextField
          label="Address"
          inputMode="url"
          value={props.form.baseUrl}
          placeholder={info().baseUrl ?? ''}
          problem={props.problemOf('baseUrl')}
          onInput={baseUrl => props.setForm({ baseUrl })}
        />
      </Show>
    </>
  )
}

/** The limits and the budget of a connection. */
function MeteredFields(props: FormFieldsProps) {
  const hasProvider = () => !isMadeInStudio(props.connection.kind)
  return (
    <>
      <LimitFields texts={props.form} hasProvider={hasProvider()} problemOf={props.problemOf} onInput={props.setForm} />
      <Show when={hasProvider()}>
        <TextField
          label="Budget a month"
          inputMode="decimal"
          unit="USD"
          value={props.form.budget}
          placeholder="none"
          note="Nothing is begun that would exceed it. Months are those of UTC."
          problem={props.problemOf('budget')}
          onInput={budget => props.setForm({ budget })}
        />
        <TextField
          label="Assumed price of an image"
          inputMode="decimal"
          unit="USD"
          value={props.form.assumed}
          placeholder="none"
          note="Counts under a budget where a model’s price is not known."
          problem={props.problemOf('assumed')}
          onInput={assumed => props.setForm({ assumed })}
        />
        <FailoverField {...props} />
      </Show>
    </>
  )
}
