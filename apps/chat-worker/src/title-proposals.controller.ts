import type { TitleProposalDropped, TitleProposalReply, TitleProposalRequest } from '@parley/contracts';
import { Controller, Inject } from '@nestjs/common';
import { EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { TitleProposals } from './auxiliary/title-proposals';

/** One worker makes a proposal. More at once than it makes: what finds no place must be told so at once, not wait for one. */
const shared = { queue: 'chat-workers', concurrency: 256 };

/** What the gateway asks of the workers. It has checked who asks; here it is only done. */
@Controller()
export class TitleProposalsController {
  constructor(@Inject(TitleProposals) private readonly proposals: TitleProposals) {}

  @MessagePattern('title.propose', shared)
  propose(@Payload() request: TitleProposalRequest): Promise<TitleProposalReply> {
    return this.proposals.propose(request);
  }

  @EventPattern<string>('title.proposal_dropped')
  drop(@Payload() { proposal_id: id }: TitleProposalDropped): void {
    this.proposals.drop(id);
  }
}
