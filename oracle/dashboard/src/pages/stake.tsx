import { gristTokenAbi, stakeManagerAbi } from "@gristmill/sdk";
import { SegmentedControl, SimpleGrid, Stack, Text } from "@mantine/core";
import { useState } from "react";
import type { Address } from "viem";
import { useConfig, useConnection } from "wagmi";

import { stakeWithPermit } from "../chain/permit.ts";
import type { Suite } from "../chain/suite.ts";
import { useSuite } from "../chain/suite-context.ts";
import { useChainQuery } from "../chain/use-chain-query.ts";
import { useChainTime } from "../chain/use-head.ts";
import { useTransaction } from "../chain/use-transaction.ts";
import { AmountForm } from "../components/amount-form.tsx";
import { Card, Figure, Nothing, PageTitle } from "../components/card.tsx";
import { formatAmount, formatDuration } from "../components/format.ts";
import { StakeHistory } from "../components/stake-history.tsx";
import { TransactionButton } from "../components/transaction-button.tsx";

/** An account's stake: what it is, and moving it. */
export default function Stake() {
  const { address } = useConnection();
  return (
    <Stack gap="lg">
      <PageTitle title="Stake" />
      {address === undefined ? (
        <Nothing>Connect a wallet to see and move its stake.</Nothing>
      ) : (
        <AccountStake key={address} account={address} />
      )}
    </Stack>
  );
}

function AccountStake({ account }: { readonly account: Address }) {
  const suite = useSuite();
  const now = useChainTime();
  const { data: stake } = useChainQuery(["stake", account], async (on) => readStake(on, account));
  const unstaking = useTransaction();
  const withdrawal = useTransaction();
  const manager = { address: suite.contracts.StakeManager, abi: stakeManagerAbi } as const;
  const wait = stake === undefined || now === undefined ? 0 : Number(stake.availableAt) - now;
  return (
    <>
      <SimpleGrid cols={{ base: 2, lg: 4 }}>
        <Figure label="In the wallet" value={stake && `${formatAmount(stake.wallet)} GRIST`} />
        <Figure
          label="Free stake"
          value={stake && `${formatAmount(stake.free)} GRIST`}
          note="may be locked or unstaked"
        />
        <Figure
          label="Locked"
          value={stake && `${formatAmount(stake.locked)} GRIST`}
          note="behind work and attestations"
        />
        <Figure
          label="Unbonding"
          value={stake && `${formatAmount(stake.unbonding)} GRIST`}
          note={
            stake === undefined || stake.unbonding === 0n
              ? "nothing is on its way out"
              : wait > 0
                ? `to be withdrawn in ${formatDuration(wait)}`
                : "may be withdrawn"
          }
        />
      </SimpleGrid>
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        <StakeCard account={account} wallet={stake?.wallet} allowance={stake?.allowance} />
        <Card title="Unstake">
          <Stack gap="md">
            <Text size="sm" c="dimmed">
              {stake === undefined
                ? "…"
                : `Unbonding takes ${formatDuration(Number(stake.delay))}; asking again starts it anew for all of it.`}
            </Text>
            <AmountForm
              label="Amount to unstake (GRIST)"
              action="Unstake"
              transaction={unstaking}
              most={stake?.free}
              call={(amount) => ({ ...manager, functionName: "requestUnstake", args: [amount] })}
            />
            <TransactionButton
              label="Withdraw what has unbonded"
              variant="default"
              transaction={withdrawal}
              disabled={stake === undefined || stake.unbonding === 0n}
              onClick={() => void withdrawal.send({ ...manager, functionName: "withdraw" })}
            />
          </Stack>
        </Card>
      </SimpleGrid>
      <StakeHistory account={account} />
    </>
  );
}

interface StakeCardProps {
  readonly account: Address;
  readonly wallet: bigint | undefined;
  readonly allowance: bigint | undefined;
}

/** Staking in one transaction with a signed permit, or in two for wallets that cannot sign one. */
function StakeCard({ account, wallet, allowance }: StakeCardProps) {
  const suite = useSuite();
  const config = useConfig();
  const [way, setWay] = useState("permit");
  const approval = useTransaction();
  const staking = useTransaction();
  const { contracts } = suite;
  return (
    <Card title="Stake more">
      <Stack gap="md">
        <SegmentedControl
          aria-label="How the stake is approved"
          value={way}
          onChange={setWay}
          data={[
            { value: "permit", label: "Signed permit" },
            { value: "approve", label: "Approve, then stake" },
          ]}
        />
        {way === "permit" ? (
          <AmountForm
            label="Amount to stake (GRIST)"
            action="Sign and stake"
            transaction={staking}
            most={wallet}
            call={(amount) => async () => stakeWithPermit(suite, config, account, amount)}
          />
        ) : (
          <>
            <AmountForm
              label="Amount to approve (GRIST)"
              action="Approve"
              transaction={approval}
              most={wallet}
              call={(amount) => ({
                address: contracts.GristToken,
                abi: gristTokenAbi,
                functionName: "approve",
                args: [contracts.StakeManager, amount],
              })}
            />
            <AmountForm
              label="Amount to stake (GRIST)"
              action="Stake"
              transaction={staking}
              most={allowance}
              call={(amount) => ({
                address: contracts.StakeManager,
                abi: stakeManagerAbi,
                functionName: "stake",
                args: [amount],
              })}
            />
          </>
        )}
      </Stack>
    </Card>
  );
}

async function readStake({ client, contracts }: Suite, account: Address) {
  const manager = { address: contracts.StakeManager, abi: stakeManagerAbi } as const;
  const token = { address: contracts.GristToken, abi: gristTokenAbi } as const;
  const [wallet, allowance, free, locked, [unbonding, availableAt], delay] = await Promise.all([
    client.readContract({ ...token, functionName: "balanceOf", args: [account] }),
    client.readContract({ ...token, functionName: "allowance", args: [account, contracts.StakeManager] }),
    client.readContract({ ...manager, functionName: "freeOf", args: [account] }),
    client.readContract({ ...manager, functionName: "lockedOf", args: [account] }),
    client.readContract({ ...manager, functionName: "unbondingOf", args: [account] }),
    client.readContract({ ...manager, functionName: "unbondingDelay" }),
  ]);
  return { wallet, allowance, free, locked, unbonding, availableAt, delay };
}
