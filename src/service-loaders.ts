import type { Runtime, Service } from './platform/service.ts'
import type { ServiceName } from './registry.ts'

/**
 * How each service is loaded: its code only by the process that runs it. Tests that run services in
 * their own process load them here, too, so that a new service is one line for all of them.
 */
export const serviceLoaders: Readonly<
  Record<ServiceName, () => Promise<(runtime: Runtime) => Service>>
> = {
  identity: async () => (await import('./services/identity/service.ts')).createIdentityService,
  user: async () => (await import('./services/user/service.ts')).createUserService,
  billing: async () => (await import('./services/billing/service.ts')).createBillingService,
  order: async () => (await import('./services/order/service.ts')).createOrderService,
  company: async () => (await import('./services/company/service.ts')).createCompanyService,
  booking: async () => (await import('./services/booking/service.ts')).createBookingService,
  notification: async () =>
    (await import('./services/notification/service.ts')).createNotificationService,
  gateway: async () => (await import('./services/gateway/service.ts')).createGatewayService,
}
