import { Alert, Anchor, AppShell, Burger, Group, Loader, NavLink, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { lazy, Suspense, useEffect } from "react";
import { Link, Route, Router, Switch, useLocation } from "wouter";
import { useHashLocation } from "wouter/use-hash-location";

import { useRefreshOnBlock } from "./chain/use-head.ts";
import { AccountMenu } from "./components/account-menu.tsx";
import { ChainBadge, NodeBadge } from "./components/badges.tsx";
import { ChainWarning } from "./components/chain-warning.tsx";
import { ErrorBoundary } from "./components/error-boundary.tsx";
import { SchemeToggle } from "./components/scheme-toggle.tsx";
import { Overview } from "./pages/overview.tsx";

const Tasks = lazy(async () => import("./pages/tasks.tsx"));
const Task = lazy(async () => import("./pages/task.tsx"));
const NewTask = lazy(async () => import("./pages/new-task.tsx"));
const Miner = lazy(async () => import("./pages/miner.tsx"));
const Disputes = lazy(async () => import("./pages/disputes.tsx"));
const Dispute = lazy(async () => import("./pages/dispute.tsx"));
const Models = lazy(async () => import("./pages/models.tsx"));
const Model = lazy(async () => import("./pages/model.tsx"));
const Market = lazy(async () => import("./pages/market.tsx"));
const Stake = lazy(async () => import("./pages/stake.tsx"));

const PAGES = [
  { path: "/", label: "Overview" },
  { path: "/tasks", label: "Tasks" },
  { path: "/miner", label: "Miner" },
  { path: "/disputes", label: "Disputes" },
  { path: "/models", label: "Shared models", more: "/markets" },
  { path: "/stake", label: "Stake" },
] as const;

/** The frame around all pages. */
export function App() {
  return (
    <Router hook={useHashLocation}>
      <Frame />
    </Router>
  );
}

function Frame() {
  useRefreshOnBlock();
  const [isMenuOpen, menu] = useDisclosure();
  const [path] = useLocation();
  const current =
    PAGES.findLast(({ path: own, ...page }) =>
      [own, "more" in page ? page.more : own].some((at) => isBelow(path, at)),
    ) ?? PAGES[0];
  useEffect(() => {
    document.title = `${current.label} · Gristmill`;
  }, [current]);

  return (
    <AppShell
      header={{ height: 60 }}
      navbar={{ width: 200, breakpoint: "sm", collapsed: { mobile: !isMenuOpen } }}
      padding={{ base: "md", md: "xl" }}
    >
      <a className="skip-link" href="#main" onClick={focusMain}>
        Skip to the page
      </a>
      <AppShell.Header>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap" gap="xs">
          <Group gap="sm" wrap="nowrap">
            <Burger
              opened={isMenuOpen}
              onClick={menu.toggle}
              hiddenFrom="sm"
              size="sm"
              aria-label={isMenuOpen ? "Close the menu" : "Open the menu"}
            />
            <Anchor
              component={Link}
              href="/"
              underline="never"
              className="brand"
              aria-label="Gristmill, to the overview"
            >
              <img src="./millstone.svg" alt="" width={28} height={28} />
              <Text component="span" fw={700} visibleFrom="xs">
                Gristmill
              </Text>
            </Anchor>
          </Group>
          <Group gap="xs" wrap="nowrap">
            <ChainBadge />
            <NodeBadge />
            <AccountMenu />
            <SchemeToggle />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="xs" aria-label="Pages">
        {PAGES.map(({ path: target, label }) => (
          <NavLink
            key={target}
            component={Link}
            href={target}
            label={label}
            active={current.path === target}
            aria-current={current.path === target ? "page" : undefined}
            onClick={menu.close}
          />
        ))}
      </AppShell.Navbar>
      <AppShell.Main id="main" tabIndex={-1}>
        <ChainWarning />
        <ErrorBoundary key={path}>
          <Suspense fallback={<Loader aria-label="Loading the page" />}>
            <Switch>
              <Route path="/" component={Overview} />
              <Route path="/tasks" component={Tasks} />
              <Route path="/tasks/new" component={NewTask} />
              <Route path="/tasks/:id">{({ id }) => <Task taskId={id} />}</Route>
              <Route path="/miner" component={Miner} />
              <Route path="/disputes" component={Disputes} />
              <Route path="/disputes/:id">{({ id }) => <Dispute disputeId={id} />}</Route>
              <Route path="/models" component={Models} />
              <Route path="/models/:trainer">{({ trainer }) => <Model trainer={trainer} />}</Route>
              <Route path="/markets/:address">{({ address }) => <Market address={address} />}</Route>
              <Route path="/stake" component={Stake} />
              <Route>
                <Alert title="There is no such page" color="gray">
                  <Anchor component={Link} href="/">
                    Go to the overview
                  </Anchor>
                </Alert>
              </Route>
            </Switch>
          </Suspense>
        </ErrorBoundary>
      </AppShell.Main>
    </AppShell>
  );
}

function isBelow(path: string, page: string): boolean {
  return path === page || path.startsWith(`${page}/`);
}

/** The hash is the page's address, so an anchor cannot be one as well. */
function focusMain(event: { preventDefault: () => void }): void {
  event.preventDefault();
  document.getElementById("main")?.focus();
}
