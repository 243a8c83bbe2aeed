/**
 * The health lights, the copy buttons, and the address in the scenario: the
 * page can be read without any of it.
 */
const refreshMs = 300
/** Longer than the gateway waits for the services behind it. */
const answerWithinMs = 900

const lights = [...document.querySelectorAll('#health li')]
const allReady = Object.fromEntries(lights.map((light) => [light.dataset.service, 'ready']))
const summary = document.querySelector('#health-summary')
const words = { ready: 'ready', down: 'not ready', silent: 'does not answer', unknown: 'unknown' }

const show = (light, state) => {
  if (light.dataset.state === state) return
  light.dataset.state = state
  light.querySelector('span').textContent = words[state]
}

/** The states of the services, or undefined when the gateway does not answer. */
const askHealth = async () => {
  try {
    const response = await fetch('/readyz', {
      cache: 'no-store',
      signal: AbortSignal.timeout(answerWithinMs),
    })
    if (response.ok) return allReady
    // The problem lists the services; without a list nothing is known of them.
    const { services = {} } = await response.json()
    return { gateway: 'ready', ...services }
  } catch {
    return undefined
  }
}

const stateIn = (health, name) => {
  if (health === undefined) return name === 'gateway' ? 'silent' : 'unknown'
  if (health[name] === undefined) return 'unknown'
  return health[name] === 'ready' ? 'ready' : 'down'
}

const summaryOf = (health) => {
  if (health === undefined) return 'The gateway does not answer: nothing is known of the others.'
  const those = (state) =>
    lights.map((light) => light.dataset.service).filter((name) => stateIn(health, name) === state)
  const [down, unknown] = [those('down'), those('unknown')]
  if (down.length > 0) return `Not ready: ${down.join(', ')}.`
  return unknown.length > 0 ? `Unknown: ${unknown.join(', ')}.` : 'All services are ready.'
}

const refreshHealth = async () => {
  const health = await askHealth()
  for (const light of lights) show(light, stateIn(health, light.dataset.service))
  const told = summaryOf(health)
  // Screen readers announce changes only, not every refresh.
  if (summary.textContent !== told) summary.textContent = told
}

const keepHealthFresh = async () => {
  // Nobody looks at a hidden page.
  if (!document.hidden) await refreshHealth()
  setTimeout(keepHealthFresh, refreshMs)
}

const copyText = async (text) => {
  // Browsers give the clipboard to https and localhost only; the page works elsewhere too.
  if (navigator.clipboard) return navigator.clipboard.writeText(text)
  const area = document.createElement('textarea')
  area.value = text
  document.body.append(area)
  area.select()
  const copied = document.execCommand('copy')
  area.remove()
  if (!copied) throw new Error('the browser refused to copy')
}

const onCopy = (button, text) => {
  const label = button.textContent
  button.addEventListener('click', async () => {
    try {
      await copyText(text())
      button.textContent = 'Copied'
    } catch {
      button.textContent = 'Select and copy by hand'
    }
    setTimeout(() => {
      button.textContent = label
    }, 1800)
  })
}

const addCopyButtons = () => {
  const samples = [...document.querySelectorAll('.scenario pre')]
  for (const sample of samples) {
    const wrapper = document.createElement('div')
    wrapper.className = 'sample'
    sample.before(wrapper)
    const button = document.createElement('button')
    button.type = 'button'
    button.className = 'copy'
    button.textContent = 'Copy'
    const step = sample.closest('li').querySelector('h3').textContent
    button.setAttribute('aria-label', `Copy the step: ${step}`)
    wrapper.append(sample, button)
    // Long lines scroll; the keyboard must be able to scroll them as well.
    sample.tabIndex = 0
    onCopy(button, () => sample.textContent)
  }
  const all = document.querySelector('[data-copy="all"]')
  all.hidden = false
  onCopy(all, () => samples.map((sample) => sample.textContent).join('\n\n'))
}

for (const base of document.querySelectorAll('.base')) base.textContent = location.origin
addCopyButtons()
void keepHealthFresh()
