import { createSignal, onMount, Show } from 'solid-js'
import { describeProblem } from '../../request-error.ts'
import { Icon } from '../../ui/icons.tsx'
import { type ConnectionsApi, needsAdmin } from './connections-api.ts'
import { TextField } from './fields/text-field.tsx'

interface AdminFormProps {
  api: Pick<ConnectionsApi, 'signIn'>
  /** Called when this browser may change settings. */
  onSignedIn: () => void
}

/** The form for the studio's secret, where its address is known to more than this machine. */
export function AdminForm(props: AdminFormProps) {
  const [secret, setSecret] = createSignal('')
  const [problem, setProblem] = createSignal<string | null>(null)
  const [isSending, setSending] = createSignal(false)
  let field: HTMLInputElement | undefined
  onMount(() => field?.focus({ preventScroll: true }))

  async function signIn(event: SubmitEvent) {
    event.preventDefault()
    if (secret().trim() === '' || isSending()) return
    setSending(true)
    setProblem(null)
    try {
      await props.api.signIn(secret().trim())
      setSecret('')
      props.onSignedIn()
    } catch (error) {
      setProblem(needsAdmin(error) ? 'That is not the secret of this studio.' : describeProblem(error))
      field?.focus()
    } finally {
      setSending(false)
    }
  }

  return (
    <form class="admin-form" aria-label="Sign in to the settings" onSubmit={signIn}>
      <p>
        Connections hold keys and spend money, so this studio asks who you are, once in this browser. The secret is the
        value of <code>INTERNAL_API_SECRET</code>: it is in the studio’s environment or <code>.env</code>, else in the
        file <code>internal-api-secret</code> of its data folder.
      </p>
      <TextField
        label="The studio’s secret"
        type="password"
        value={secret()}
        onInput={setSecret}
        icon={<Icon name="key" />}
        onMount={input => {
          field = input
        }}
      />
      <p class="field-note" role="alert" data-problem="true">
        <Show when={problem()}>{problem()}</Show>
      </p>
      <button type="submit" class="solid" disabled={secret().trim() === '' || isSending()}>
        Open the settings
      </button>
    </form>
  )
}
