//! The disks of a script that take their time: they write when the script says so, and report.

use alloc::format;
use alloc::vec::Vec;

use raftbare::NodeId;

use super::event::Event;
use super::world::{World, refuse};
use crate::checker::{Verdict, Violation};
use crate::integration::Integration;
use crate::write::{Report, Write};

impl World {
    /// The disk of a node makes so many of the writes that wait, and reports nothing yet.
    pub(super) fn write(&mut self, id: NodeId, count: usize) -> Verdict {
        self.late_node(id)?;
        let mut made = Vec::new();
        let verdict = self.write_some(id, count, &mut made);
        self.events.push(Event::Wrote(id, made));
        verdict?;
        self.follow_input(id)
    }

    fn write_some(&mut self, id: NodeId, count: usize, made: &mut Vec<Write>) -> Verdict {
        let wrong = |what| Violation {
            property: "What is written fits",
            detail: format!("{id}: {what}"),
        };
        for _ in 0..count {
            let Some(write) = self.server(id)?.write_next().map_err(wrong)? else {
                break;
            };
            made.push(write);
            if let Some(server) = self.servers.get(&id) {
                self.checker.check_disk(id, &server.durable())?;
            }
        }
        Ok(())
    }

    /// A report comes to a node, or those of what its disk has written last.
    pub(super) fn report(&mut self, id: NodeId, report: Option<Report>) -> Verdict {
        self.late_node(id)?;
        let server = self.server(id)?;
        let reports: Vec<_> = match report {
            Some(report) => [report].into(),
            None => server.newest_reports().collect(),
        };
        reports.iter().for_each(|&report| server.report(report));
        self.events.push(Event::Reported(id, reports));
        self.follow_input(id)
    }

    fn late_node(&mut self, id: NodeId) -> Verdict {
        self.node(id)?;
        match self.server(id)?.is_late() {
            true => Ok(()),
            false => refuse(format!("what node {id} takes is stored at once")),
        }
    }
}
