/** Model providers, for administrators. Others do not learn that there is anything here to read. */
import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post } from '@nestjs/common';
import {
  createProviderRequest,
  testProviderRequest,
  updateProviderRequest,
  type CreateProviderRequest,
  type ProviderModels,
  type ProviderTest,
  type TestProviderRequest,
  type UpdateProviderRequest,
} from '@parley/contracts';
import type { Actor } from '@parley/identity';
import { CurrentActor } from '../auth/current-actor';
import { forbidden, notFound } from '../http/api-error';
import { chatApi } from '../http/paths';
import { uuidParam, valid } from '../http/validate';
import { ProviderProbe } from './provider-probe';
import { toListedModel, toProvider } from './provider-shape';
import { Providers } from './providers';

@Controller(chatApi('chats/providers'))
export class ProvidersController {
  constructor(
    private readonly providers: Providers,
    private readonly probe: ProviderProbe,
  ) {}

  @Get()
  async list(@CurrentActor() actor: Actor) {
    assertMayRead(actor);
    return (await this.providers.list()).map(toProvider);
  }

  @Post()
  async create(
    @CurrentActor() actor: Actor,
    @Body(valid(createProviderRequest)) body: CreateProviderRequest,
  ) {
    assertMayWrite(actor);
    return toProvider(await this.providers.create(body));
  }

  @Get(':provider')
  async read(@CurrentActor() actor: Actor, @Param('provider', uuidParam('provider')) id: string) {
    assertMayRead(actor);
    return toProvider(await this.providers.read(id));
  }

  /** What the provider itself says that it has, for administrators to choose from. */
  @Get(':provider/models')
  async models(
    @CurrentActor() actor: Actor,
    @Param('provider', uuidParam('provider')) id: string,
  ): Promise<ProviderModels> {
    assertMayRead(actor);
    const list = await this.probe.models(await this.providers.read(id));
    if (!list.ok) return { available: false, models: [], error: list.error };
    return { available: true, models: list.models.map(toListedModel) };
  }

  /** Asks the provider with the stored key, or with one that is not stored yet. */
  @Post(':provider/test')
  @HttpCode(200)
  async test(
    @CurrentActor() actor: Actor,
    @Param('provider', uuidParam('provider')) id: string,
    @Body(valid(testProviderRequest)) body: TestProviderRequest,
  ): Promise<ProviderTest> {
    assertMayWrite(actor);
    const list = await this.probe.models(await this.providers.read(id), body.api_key);
    return list.ok ? { ok: true, model_count: list.models.length } : { ok: false, error: list.error };
  }

  @Patch(':provider')
  async update(
    @CurrentActor() actor: Actor,
    @Param('provider', uuidParam('provider')) id: string,
    @Body(valid(updateProviderRequest)) body: UpdateProviderRequest,
  ) {
    assertMayWrite(actor);
    return toProvider(await this.providers.update(id, body));
  }

  @Delete(':provider')
  @HttpCode(204)
  async delete(@CurrentActor() actor: Actor, @Param('provider', uuidParam('provider')) id: string) {
    assertMayWrite(actor);
    await this.providers.delete(id);
  }
}

function assertMayRead(actor: Actor): void {
  if (!actor.isAdmin) throw notFound();
}

function assertMayWrite(actor: Actor): void {
  if (!actor.isAdmin) throw forbidden('Only administrators configure providers.');
}
