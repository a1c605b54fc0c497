use crate::policy::{Group, Policy, Quorum};

/// Something about a policy that is allowed by the format and unwise or unsafe in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How bad.
    pub severity: Severity,
    /// One sentence for a person.
    pub text: String,
}

/// How bad a [`Finding`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Works, but one failure stops it or something is without effect.
    Warning,
    /// Two disjoint sets of witnesses can both satisfy the quorum, so a split view would pass.
    Refused,
}

impl Policy {
    /// Lints: refuses quorums that two disjoint sets of witnesses satisfy (for k of n witnesses: k <= n/2), warns of
    /// quorums that the loss of one witness stops and of witnesses without effect.
    pub fn lint(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut add = |severity, text: String| findings.push(Finding { severity, text });
        let intersects = self.intersecting();
        match self.quorum {
            Quorum::None => add(Severity::Refused, "the quorum is none: nobody but the log has to sign".to_owned()),
            Quorum::Witness(_) => {
                add(Severity::Warning, "the quorum is one witness: its loss stops the log".to_owned());
            }
            Quorum::Group(index) => {
                let group = self.groups.get(index);
                if let Some(group) = group.filter(|_| !intersects.get(index).copied().unwrap_or(false)) {
                    add(
                        Severity::Refused,
                        format!(
                            "group `{}` asks for {} of {}: two disjoint sets of witnesses can satisfy it; ask for at least {}",
                            group.name,
                            group.threshold,
                            group.members.len(),
                            group.members.len() / 2 + 1,
                        ),
                    );
                }
                if let Some(group) =
                    group.filter(|group| group.members.len() > 1 && group.threshold == group.members.len())
                {
                    add(
                        Severity::Warning,
                        format!(
                            "group `{}` asks for all of its {} members: the loss of one stops the log",
                            group.name,
                            group.members.len(),
                        ),
                    );
                }
            }
        }
        let used = self.used();
        for (witness, used) in self.witnesses.iter().zip(used) {
            if !used {
                add(Severity::Warning, format!("witness `{}` does not count towards the quorum", witness.name));
            }
        }
        if self.logs.is_empty() {
            add(Severity::Warning, "no log is listed: no checkpoint can satisfy the policy".to_owned());
        }
        findings
    }

    /// The findings that refuse, as one text; `None` if there are none.
    pub fn refused(&self) -> Option<String> {
        let texts: Vec<String> = self
            .lint()
            .into_iter()
            .filter(|finding| finding.severity == Severity::Refused)
            .map(|finding| finding.text)
            .collect();
        if texts.is_empty() { None } else { Some(texts.join("; ")) }
    }

    /// For each group, whether any two sets of witnesses that satisfy it share a witness. Two sets that each hold k
    /// of n members share at least 2k - n members, and share a witness unless all of those can be members that are
    /// not intersecting themselves. Exact, because every name is a member once.
    fn intersecting(&self) -> Vec<bool> {
        let mut known: Vec<bool> = Vec::with_capacity(self.groups.len());
        for group in &self.groups {
            let weak = group.members.iter().filter(|member| !is_intersecting(**member, &known)).count();
            let value = 2 * group.threshold > group.members.len() + weak;
            known.push(value);
        }
        known
    }

    fn used(&self) -> Vec<bool> {
        let mut used = vec![false; self.witnesses.len()];
        let mut open = vec![self.quorum];
        while let Some(item) = open.pop() {
            match item {
                Quorum::None => {}
                Quorum::Witness(index) => used.iter_mut().skip(index).take(1).for_each(|used| *used = true),
                Quorum::Group(index) => {
                    open.extend(self.groups.get(index).into_iter().flat_map(|Group { members, .. }| members));
                }
            }
        }
        used
    }
}

fn is_intersecting(member: Quorum, groups: &[bool]) -> bool {
    match member {
        Quorum::None => false,
        Quorum::Witness(_) => true,
        Quorum::Group(index) => groups.get(index).copied().unwrap_or(false),
    }
}
